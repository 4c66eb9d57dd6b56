"""The deployer's own rule at admission: a warning, or a refusal where the namespace says so."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from admission.admit import Outcome, admit
from admission.judgement import LONGEST_REFUSAL, judge_rules
from receiver.decision.values import NamespaceFacts
from rules.deployer.confinement import Confinement, Series
from tests.unit.admission.requests import NOW, RECEIVER, Item, request, stamped, workload

RULE = "metricops.dev/rule"
BROKEN = "rate(http_request_total[5m)"
GOOD = 'sum(rate(http_request_total{code=~"5.."}[5m])) / sum(rate(http_request_total[5m])) > 0.05'
TALKS = 'rate(http_request_total{code=~"^5.*$"}[5m]) > 0'
OPTED_IN = {"metricops.dev/rollback": "enabled", "metricops.dev/rules": "enabled"}
WARN = NamespaceFacts(OPTED_IN, {})
REFUSE = NamespaceFacts(OPTED_IN, {"metricops.dev/invalid-rule": "refuse"})


def ruled(rule: str, image: str = "shop:1", key: str = RULE) -> Item:
    return workload(image, {key: rule})


def refusal(item: Item, old: Item | None = None, namespace: NamespaceFacts | None = REFUSE, **changes: Any) -> str:
    return admit(request(item, old, **changes), NOW, namespace, {RECEIVER}).answer.refusal


def test_the_place_of_the_error_is_told() -> None:
    verdict = admit(request(ruled(BROKEN)), NOW, WARN, ())
    assert verdict.outcome is Outcome.STAMPED
    (told,) = verdict.answer.warnings
    assert told.startswith("metricops: deployment/shop: annotation metricops.dev/rule:1: ")
    assert told.endswith(", expected a PromQL expression")
    slo = judge_rules(request(ruled("objective: 200", key="metricops.dev/slo")), WARN, may_refuse=True)
    assert any("annotation metricops.dev/slo:1: objective: found '200'" in problem for problem in slo.problems)


def test_a_good_rule_is_nothing_to_speak_of() -> None:
    good = judge_rules(request(ruled(GOOD)), REFUSE, may_refuse=True)
    assert (good.problems, good.refusal) == ((), "")
    assert admit(request(workload()), NOW, REFUSE, ()).answer.warnings == ()


def test_advice_is_given_when_the_rule_is_written_and_not_at_every_deploy() -> None:
    assert len(judge_rules(request(ruled(TALKS)), WARN, may_refuse=True).advice) == 3
    assert judge_rules(request(ruled(TALKS, "shop:2"), ruled(TALKS)), WARN, may_refuse=True).advice == ()


def test_a_rule_that_nobody_reads_is_told() -> None:
    closed = NamespaceFacts({"metricops.dev/rollback": "enabled"}, {})
    (told,) = judge_rules(request(ruled(GOOD)), closed, may_refuse=True).advice
    assert told == "no rule is made of it before the namespace has the label metricops.dev/rules=enabled"
    assert judge_rules(request(ruled(GOOD)), None, may_refuse=True).advice == ()


def test_it_is_judged_by_how_series_say_whose_they_are() -> None:
    item = request(ruled('sum(up{deployment=~".*"}) == 0'))
    assert judge_rules(item, WARN, may_refuse=True).problems
    assert not judge_rules(item, WARN, may_refuse=True, confinement=Confinement(series=Series.POD)).problems


class TestRefusal:
    def test_where_the_namespace_says_so(self) -> None:
        text = refusal(ruled(BROKEN))
        assert text.startswith("metricops: deployment/shop: annotation metricops.dev/rule:1: ")
        assert admit(request(ruled(BROKEN)), NOW, REFUSE, ()).outcome is Outcome.REFUSED
        assert refusal(ruled(BROKEN), ruled(GOOD)) == text

    @pytest.mark.parametrize("namespace", [None, WARN, NamespaceFacts({}, {"metricops.dev/invalid-rule": "deny"})])
    def test_nowhere_else(self, namespace: NamespaceFacts | None) -> None:
        assert refusal(ruled(BROKEN), namespace=namespace) == ""

    def test_what_stood_there_before_stops_nobody(self) -> None:
        """A controller that touches the object, a release beside it: the rule is not theirs."""
        old = stamped(ruled(BROKEN))
        touched = copy.deepcopy(old)
        touched["metadata"]["labels"]["more"] = "x"
        assert refusal(touched, old) == ""
        assert refusal(ruled(BROKEN, "shop:2"), old) == ""
        assert len(admit(request(touched, old), NOW, REFUSE, ()).answer.warnings) == 1

    def test_the_receivers_undo_is_never_refused(self) -> None:
        old, restored = stamped(ruled(GOOD, "shop:2")), stamped(ruled(BROKEN))
        assert refusal(restored, old) != ""
        assert refusal(restored, old, username=RECEIVER) == ""

    def test_it_is_bounded(self) -> None:
        many = "\n".join(f"- {{name: r{number}, expr: 'rate(x[5m'}}" for number in range(60))
        assert len(refusal(ruled(many))) < LONGEST_REFUSAL + 100
        assert len(judge_rules(request(ruled(many)), WARN, may_refuse=True).problems) <= 6
