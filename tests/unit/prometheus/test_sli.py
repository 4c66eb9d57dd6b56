from __future__ import annotations

from datetime import timedelta
from typing import Any

import promql_parser
import pytest

from receiver.decision.evidence import Bound
from receiver.prometheus.sli import NoSli, Sli, carried_sli, read_sli
from rules.comparison import Comparison

MINUTE = timedelta(minutes=1)
CARRIED = {"metricops_sli": "e[$window]", "metricops_limit": "0.1", "metricops_short_window": "5m"}
RULE_LABELS = {"metricops": "undo", "namespace": "prod", "deployment": "shop", "severity": "page"}
SHOWN = {**RULE_LABELS, "alertname": "DeployerRule", "code": "500", "pod": "shop-1-abcde", "instance": "10.0.0.1:80"}


def raw(query: str, **labels: str) -> dict[str, Any]:
    return {"query": query, "labels": labels or RULE_LABELS, "annotations": {"summary": "x"}}


def strings_of(query: str) -> list[str]:
    strings: list[str] = []

    def note(part: promql_parser.Expr) -> bool:
        if isinstance(part, promql_parser.StringLiteral):
            strings.append(part.val)
        return True

    promql_parser.walk(promql_parser.parse(query), note)
    return strings


def test_the_annotations_of_a_generated_rule_win() -> None:
    shown = {**RULE_LABELS, "alertname": "ErrorBudgetBurn"}
    assert read_sli({**raw("a > 1"), "annotations": CARRIED}, shown) == Sli(
        "e[$window]", 5 * MINUTE, Bound(0.1), has_any_window=True
    )


MANY: dict[str, Any] = {
    "query": "a > 1",
    "labels": {"metricops": "undo", "severity": "page", "slo": "http"},
    "annotations": {**CARRIED, "metricops_errors": "f[$window]", "metricops_events": "t[$window]"},
}


def test_a_rule_for_many_workloads_is_asked_for_the_alerts_own() -> None:
    shown = {**MANY["labels"], "alertname": "ErrorBudgetBurn", "namespace": "prod", "deployment": "shop"}
    sli = read_sli(MANY, shown)
    own = (
        ' and on (deployment, namespace) label_replace(label_replace(vector(1), "deployment", "shop", "", ""), '
        '"namespace", "prod", "", "")'
    )
    assert (sli.expression, sli.errors, sli.events) == (
        f"(e[$window]){own}",
        f"(f[$window]){own}",
        f"(t[$window]){own}",
    )
    hostile = '$1"}) or vector(9) or ("\\'
    narrowed = read_sli(
        {**MANY, "annotations": {**CARRIED, "metricops_sli": "rate(e[$window])"}},
        {
            **shown,
            "deployment": hostile,
        },
    )
    assert hostile.replace("$", "$$") in strings_of(narrowed.over(MINUTE))


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {**MANY["labels"], "my.label": "a"},
        {**MANY["labels"], "without": "a"},
        {f"l{number}": "a" for number in range(33)},
    ],
)
def test_a_rule_for_many_workloads_needs_to_know_which(shown: dict[str, str]) -> None:
    with pytest.raises(NoSli, match=r"labels (are not known|cannot be asked for)"):
        carried_sli(MANY, shown)


@pytest.mark.parametrize(
    "annotations",
    [
        {**CARRIED, "metricops_sli": "e[5m]"},
        {**CARRIED, "metricops_limit": "much"},
        {**CARRIED, "metricops_short_window": "0s"},
        {**CARRIED, "metricops_short_window": "soon"},
        {"metricops_sli": "e[$window]"},
    ],
)
def test_annotations_that_cannot_be_asked(annotations: dict[str, str]) -> None:
    with pytest.raises(NoSli, match="annotation"):
        read_sli({**raw("a > 1"), "annotations": annotations}, SHOWN)


def test_an_absent_alert_has_only_what_its_rule_carries() -> None:
    assert carried_sli(raw("a > 1"), {}) is None
    assert carried_sli({**raw("a > 1"), "annotations": CARRIED}, {}) is not None


def test_a_raw_rule_is_asked_for_the_worst_pod() -> None:
    sli = read_sli(raw('rate(x{code=~"^5.*$"}[5m]) > 0'), SHOWN)
    assert (sli.window, sli.bound) == (5 * MINUTE, Bound(0.0, Comparison.ABOVE))
    assert "max without (pod" in sli.query
    assert 'and on (code) label_replace(vector(1), "code", "500", "", "")' in sli.query
    assert "min without (pod" in read_sli(raw("x < 1"), SHOWN).query


@pytest.mark.parametrize(
    ("series", "fits"),
    [
        ({"code": "500", "method": "GET"}, False),
        ({"code": "503"}, False),
        ({"code": "500"}, True),
        ({"code": "500", "namespace": "prod"}, True),
        ({"code": "500", "namespace": "other"}, False),
        ({"code": "500", "deployment": "cart", "namespace": "prod"}, False),
        ({"code": "500", "severity": "whatever the series says"}, True),
        ({}, True),
    ],
)
def test_a_series_must_not_contradict_what_the_source_shows(series: dict[str, str], fits: bool) -> None:
    assert read_sli(raw("x > 0"), SHOWN).fits(series) is fits


def test_the_workload_may_come_from_the_series() -> None:
    sli = read_sli(raw("x > 0", metricops="undo"), SHOWN)
    assert sli.fits({"namespace": "prod", "deployment": "shop", "code": "500", "severity": "page"})
    assert not sli.fits({"namespace": "prod", "deployment": "cart", "code": "500", "severity": "page"})


def test_hostile_label_values_stay_values() -> None:
    hostile = '$1"}) or vector(9) or ("\\'
    sli = read_sli(raw("x > 0"), {**SHOWN, "code": hostile})
    assert hostile.replace("$", "$$") in strings_of(sli.query)


def test_label_names_outside_the_old_alphabet_are_left_to_the_answer() -> None:
    sli = read_sli(raw("x > 0"), {**SHOWN, "my.label": "a", 'or"x': "b"})
    assert "my.label" not in sli.query
    assert sli.fits({"my.label": "a"})
    assert not sli.fits({"my.label": "b"})


@pytest.mark.parametrize("query", ["a > 1 and b > 1", "holt_winters(a[5m], 0.1, 0.1) > 1", "", "absent(a) > 0"])
def test_why_there_is_no_sli_is_told(query: str) -> None:
    with pytest.raises(NoSli, match=r".{10}"):
        read_sli(raw(query), SHOWN)
