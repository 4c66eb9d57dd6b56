"""An object in one namespace must not raise an undo alert about a workload in another."""

from __future__ import annotations

from typing import Any

import pytest

from sync.blame import Policy, judge
from tests.unit.sync.objects import UNDO, alert, groups

STRICT = Policy(strict=True)
ELSEWHERE = {**UNDO, "namespace": "bank"}


def test_its_own_namespace_may_be_blamed() -> None:
    judgement = judge(groups(alert()), "shop", STRICT)
    assert (judgement.refused, judgement.open) == ((), ())


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(groups(alert(labels=ELSEWHERE)), id="an alert"),
        pytest.param(groups(alert(labels={}), alert(labels=ELSEWHERE)), id="one alert of two"),
        pytest.param(groups({"record": "x", "expr": "1", "labels": ELSEWHERE}), id="a recording, for an alert on it"),
        pytest.param(groups(alert(labels={}), labels=ELSEWHERE), id="labels of the group"),
        pytest.param(groups(alert(labels={"metricops": "undo"}), labels={"namespace": "bank"}), id="labels of both"),
        pytest.param(groups(alert(labels={**ELSEWHERE, "metricops": "{{ $labels.x }}"})), id="undo by template"),
        pytest.param(
            groups(alert('label_replace(up, "metricops", "undo", "", "")', {"namespace": "bank"})), id="undo by query"
        ),
    ],
)
def test_another_namespace_is_refused_and_the_rule_named(given: list[dict[str, Any]]) -> None:
    (refused,) = judge(given, "shop", Policy()).refused
    assert refused.startswith("group g, rule ")
    assert "found the label namespace=bank" in refused
    assert "expected namespace=shop" in refused


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(groups(alert(labels={"namespace": "bank"})), id="no undo"),
        pytest.param(groups(alert(labels={**ELSEWHERE, "metricops": "no"})), id="another value"),
        pytest.param(
            groups(alert("metricops:slo_error_ratio:rate5m > 1", {"namespace": "bank"})), id="only a name like it"
        ),
        pytest.param(groups(alert(labels={}), labels={"namespace": "bank"}), id="a group that does not undo"),
        pytest.param([{"name": "empty"}], id="no rules"),
    ],
)
def test_what_may_not_undo_may_say_what_it_likes(given: list[dict[str, Any]]) -> None:
    for policy in (Policy(), STRICT):
        judgement = judge(given, "shop", policy)
        assert (judgement.refused, judgement.open) == ((), ())


def test_a_rules_own_label_wins_over_its_groups() -> None:
    given = groups(alert(labels=UNDO), labels={"namespace": "bank"})
    assert judge(given, "shop", Policy()).refused == ()


def test_a_trusted_namespace_may_blame_any() -> None:
    policy = Policy(trusted=frozenset({"monitoring"}), strict=True)
    assert judge(groups(alert(labels=ELSEWHERE)), "monitoring", policy).refused == ()
    assert judge(groups(alert(labels=ELSEWHERE)), "shop", policy).refused != ()


@pytest.mark.parametrize("labels", [{"metricops": "undo"}, {"metricops": "undo", "namespace": "{{ $labels.ns }}"}])
def test_a_namespace_that_series_decide_is_told_and_refused_only_where_that_was_asked_for(
    labels: dict[str, str],
) -> None:
    judgement = judge(groups(alert(labels=labels)), "shop", Policy())
    assert judgement.refused == ()
    assert judgement.open == ("group g, rule Down: the series of the expression say which namespace is blamed",)
    strict = judge(groups(alert(labels=labels)), "shop", STRICT)
    assert len(strict.refused) == 1
    assert strict.open == ()
