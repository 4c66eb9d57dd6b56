"""What a request may say of the deployer's own rules."""

from __future__ import annotations

import pytest

from receiver.names import FIELD_MANAGER
from receiver.releases.deployers_own import Annotations, judge
from receiver.releases.refusal import RefusedError
from rules.names import RULE_ANNOTATION, RULES_LABEL, SLO_ANNOTATION
from tests.unit.scenario import namespace, workload

OPEN = namespace({RULES_LABEL: "enabled"})
RULE = "rate(http_request_total[5m]) > 0"


def owner(manager: str, annotation: str = RULE_ANNOTATION) -> dict[str, object]:
    fields: dict[str, object] = {"f:metadata": {"f:annotations": {f"f:{annotation}": {}}}}
    return {"manager": manager, "operation": "Update", "fieldsV1": fields}


def test_a_rule_where_the_namespace_has_opted_in() -> None:
    judged = judge({RULE_ANNOTATION: RULE}, workload(), OPEN)
    assert judged.wanted == {RULE_ANNOTATION: RULE}
    assert judged.advice  # Any single failed request would raise it.


@pytest.mark.parametrize("labels", [{}, {RULES_LABEL: "disabled"}])
def test_where_it_has_not(labels: dict[str, str]) -> None:
    with pytest.raises(RefusedError) as refused:
        judge({RULE_ANNOTATION: RULE, SLO_ANNOTATION: None}, workload(), namespace(labels))
    assert refused.value.status == 403
    assert [problem.field for problem in refused.value.problems] == ["rule"]
    assert judge({RULE_ANNOTATION: None}, workload(), namespace(labels)).wanted == {RULE_ANNOTATION: None}


def test_what_can_be_no_rule_is_told_with_its_place() -> None:
    own: Annotations = {RULE_ANNOTATION: 'rate(a{namespace="other"}[5m]) > 0', SLO_ANNOTATION: "objective: 200"}
    with pytest.raises(RefusedError) as refused:
        judge(own, workload(), OPEN)
    assert refused.value.status == 400
    assert {problem.field.split(",")[0] for problem in refused.value.problems} == {"rule", "slo"}
    assert any("line 1" in problem.field for problem in refused.value.problems)


def test_an_annotation_of_the_manifest_is_changed_in_the_manifest() -> None:
    theirs = workload(annotations={RULE_ANNOTATION: RULE}, managed_fields=(owner("argocd-controller"),))
    assert judge({RULE_ANNOTATION: RULE}, theirs, OPEN).wanted == {RULE_ANNOTATION: RULE}
    for other in ("rate(b[5m]) > 0", None):
        with pytest.raises(RefusedError) as refused:
            judge({RULE_ANNOTATION: other}, theirs, OPEN)
        assert refused.value.status == 409
        assert "argocd-controller" in str(refused.value)
    ours = workload(annotations={RULE_ANNOTATION: RULE}, managed_fields=(owner(FIELD_MANAGER),))
    assert judge({RULE_ANNOTATION: None}, ours, OPEN).wanted == {RULE_ANNOTATION: None}
