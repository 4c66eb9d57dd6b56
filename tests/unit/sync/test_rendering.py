from __future__ import annotations

from typing import Any

import pytest
import yaml

from rules.generate import generate
from rules.parse import parse
from rules.render import render_rule_file
from sync.blame import Policy
from sync.objects import OBJECTIVE
from sync.rendering import FOREIGN_NAMESPACE, INVALID, LONGEST_MESSAGE, Refusal, Rendered, render
from tests.unit.rules.test_generate import EXAMPLES
from tests.unit.sync.objects import UNDO, alert, groups, objective, rule_object


def rendered(one: Any, policy: Policy | None = None) -> Rendered:
    found = render(one, policy or Policy())
    assert isinstance(found, Rendered), found
    return found


def refused(one: Any, policy: Policy | None = None) -> Refusal:
    found = render(one, policy or Policy())
    assert isinstance(found, Refusal), found
    return found


def test_a_prometheus_rules_groups_are_the_file() -> None:
    given = groups(alert("up == 0", **{"for": "5m"}), interval="30s") + groups({"record": "a:b", "expr": 1}, name="h")
    found = rendered(rule_object(spec={"groups": given}))
    assert yaml.safe_load(found.text) == {"groups": given}
    assert found.has_rules


def test_what_only_thanos_understands_is_left_out() -> None:
    found = rendered(rule_object(spec={"groups": groups(alert(), partial_response_strategy="abort")}))
    assert yaml.safe_load(found.text) == {"groups": groups(alert())}


@pytest.mark.parametrize("spec", [{}, {"groups": None}, {"groups": []}, {"groups": [{"name": "g", "rules": []}]}])
def test_an_object_without_rules_is_a_file_without_rules(spec: dict[str, Any]) -> None:
    assert not rendered(rule_object(spec=spec)).has_rules


@pytest.mark.parametrize("name", ["slo", "rule"])
def test_an_objective_gives_what_rules_generate_gives(name: str) -> None:
    content = EXAMPLES[name].read_bytes()
    document = yaml.safe_load(content)
    one = rule_object(document["metadata"]["name"], kind=OBJECTIVE, spec=document["spec"])
    text = rendered(one).text
    assert text.split("\n", 2)[2] == render_rule_file(map(generate, parse(content, "slo.yaml")))


def test_all_that_is_wrong_with_an_objective_is_told_by_its_fields() -> None:
    found = refused(objective(objective=100, windo="30d"))
    assert found.reason == INVALID
    assert "spec.objective: found '100'" in found.message
    assert "spec.windo: found the unknown field" in found.message
    assert "window (the nearest known field)" in found.message


def test_what_rules_generate_would_say_of_an_objective_is_told() -> None:
    spec = {key: value for key, value in objective().spec.items() if key != "workload"}
    one = rule_object("shop-availability", kind=OBJECTIVE, spec=spec)
    assert (
        rendered(one).notices
        == parse(
            yaml.safe_dump(
                {
                    "apiVersion": "metricops.dev/v1",
                    "kind": "ServiceLevelObjective",
                    "metadata": {"name": "a"},
                    "spec": spec,
                }
            ).encode(),
            "slo.yaml",
        )[0].notes
        != ()
    )


def test_an_objective_may_only_blame_its_own_namespace() -> None:
    elsewhere = objective(workload={"namespace": "bank", "deployment": "shop"})
    found = refused(elsewhere)
    assert found.reason == FOREIGN_NAMESPACE
    assert "namespace=bank" in found.message
    assert rendered(elsewhere, Policy(trusted=frozenset({"shop"}))).has_rules


def test_an_objective_for_many_workloads_belongs_into_its_own_namespace() -> None:
    found = rendered(objective(workload={"per": "deployment"}))
    assert len(found.notices) == 1, "the series say which namespace is blamed"
    assert refused(objective(workload={"per": "deployment"}), Policy(strict=True)).reason == FOREIGN_NAMESPACE


def test_what_is_open_about_a_rule_is_told_with_it() -> None:
    labels = {"metricops": "undo"}
    assert len(rendered(rule_object(spec={"groups": groups(alert(labels=labels))})).notices) == 1
    assert refused(rule_object(spec={"groups": groups(alert(labels=labels))}), Policy(strict=True))


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ("text", "groups: found 'text'"),
        ([1], "groups[0]: found 1"),
        ({"groups": {}}, ""),
        ({"groups": "x"}, "groups: found 'x'"),
        ({"groups": {"a": 1}}, "groups: found a mapping"),
        ({"groups": [None]}, "groups[0]: found nothing"),
        ({"groups": [{"name": "g", "rules": 3}]}, "groups[0].rules: found 3"),
        ({"groups": [{"name": "g", "rules": ["x"]}]}, "groups[0].rules[0]: found 'x'"),
        ({"groups": [{"name": "g", "labels": []}]}, "groups[0].labels: found a list"),
        ({"groups": groups({"alert": "a", "expr": "1", "labels": "x"})}, "groups[0].rules[0].labels: found 'x'"),
    ],
)
def test_what_is_no_rule_file_is_refused_with_its_place(spec: Any, place: str) -> None:
    if not place:
        assert not rendered(rule_object(spec=spec)).has_rules
        return
    assert place in refused(rule_object(spec=spec)).message


def test_text_in_rules_stays_text() -> None:
    evil = 'x: "y" # {{ $value }}\n---\n- é 😀 \x07   '
    given = groups(alert(labels=UNDO, annotations={"summary": evil, "yes": "no", "date": "2026-01-01"}))
    assert yaml.safe_load(rendered(rule_object(spec={"groups": given})).text) == {"groups": given}


def test_a_message_is_bounded() -> None:
    found = refused(rule_object(spec={"groups": ["x"] * 1000}))
    assert len(found.message) == LONGEST_MESSAGE
