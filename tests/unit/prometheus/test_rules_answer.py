from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from receiver.decision.evidence import Bound, Shown
from receiver.prometheus.rules_answer import began_elsewhere, read_alert
from receiver.prometheus.sli import Sli
from receiver.prometheus.source import read_sample
from receiver.timestamps import format_time
from tests.unit.prometheus.test_alert_state import answer, rule
from tests.unit.scenario import LABELS, ONSET, alert, labelled

SECOND = timedelta(seconds=1)
SLI = {"metricops_sli": "e[$window]", "metricops_limit": "0.1", "metricops_short_window": "5m"}


WORKLOAD = {"metricops": "undo", "namespace": LABELS["namespace"], "deployment": LABELS["deployment"]}


def shown(state: str = "firing", **labels: str) -> dict[str, Any]:
    return {"labels": {**LABELS, **labels}, "state": state, "activeAt": format_time(ONSET)}


def other(name: str, at: timedelta, state: str = "firing", **labels: str) -> dict[str, Any]:
    given = {**LABELS, "deployment": name, **labels}
    return {"labels": given, "state": state, "activeAt": format_time(ONSET + at)}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (answer(rule(alerts=[shown()])), Shown.FIRING),
        (answer(rule(alerts=[shown("pending")])), Shown.UNKNOWN),
        (answer(rule(alerts=[shown("pending", pod="a"), shown(pod="b")])), Shown.FIRING),
        (answer(rule(alerts=[shown(deployment="cart")])), Shown.ABSENT),
        (answer(rule()), Shown.ABSENT),
        (answer(rule(health="err")), Shown.UNKNOWN),
        (answer(rule(name="Another", alerts=[shown()])), Shown.ABSENT),
        (answer(), Shown.ABSENT),
        ({}, Shown.UNKNOWN),
    ],
)
def test_shown(given: Any, found: Shown) -> None:
    assert read_alert(given, alert()).shown is found


def test_labels_that_were_added_or_dropped_on_the_way_do_not_matter() -> None:
    given = answer(rule(alerts=[shown(team="shop")]))
    assert read_alert(given, labelled(cluster="eu-1")).shown is Shown.FIRING
    assert read_alert(given, labelled(team="other")).shown is Shown.ABSENT


def test_the_onset_and_the_sli_come_from_the_rule_that_is_loaded() -> None:
    given = answer({**rule(alerts=[shown()]), "labels": WORKLOAD, "annotations": SLI})
    reading = read_alert(given, alert(annotations={"metricops_sli": "forged"}))
    assert reading.active_at == ONSET
    assert reading.sli == Sli("e[$window]", timedelta(minutes=5), Bound(0.1), has_any_window=True)


def test_the_sli_of_an_absent_alert_is_its_rules() -> None:
    carries = {**rule(), "labels": WORKLOAD, "annotations": SLI}
    assert read_alert(answer(carries), alert()).sli == Sli(
        "e[$window]", timedelta(minutes=5), Bound(0.1), has_any_window=True
    )
    assert read_alert(answer(carries, carries), alert()).sli is not None
    assert read_alert(answer(carries, rule()), alert()).sli is None
    assert read_alert(answer({**carries, "labels": {"deployment": "cart"}}, rule()), alert()).sli is None


def test_the_sli_of_an_absent_alert_of_many_workloads_needs_the_labels_that_it_was_shown_with() -> None:
    many = {**rule(), "annotations": SLI}
    assert read_alert(answer(many), alert()).sli is None
    then = read_alert(answer({**many, "alerts": [shown()]}), alert())
    now = read_alert(answer(many), alert(), then.labels)
    assert now.sli is not None
    assert now.sli == then.sli
    assert now.sli.expression.startswith("(e[$window]) and on (deployment, namespace) ")


def test_the_sli_of_an_absent_alert_of_a_raw_rule_needs_the_labels_that_it_was_shown_with() -> None:
    raw = {**rule(), "query": "test_up < 0.5"}
    assert read_alert(answer(raw), alert()).sli is None
    then = read_alert(answer({**raw, "alerts": [shown(zone="a")]}), alert())
    assert then.labels == {**LABELS, "zone": "a"}
    now = read_alert(answer(raw), alert(), then.labels)
    assert now.shown is Shown.ABSENT
    assert now.sli == then.sli is not None


def test_how_long_an_alert_lingers() -> None:
    kept = {**rule(alerts=[shown()]), "keepFiringFor": 120}
    assert read_alert(answer(kept), alert()).lingers == timedelta(minutes=2)
    assert read_alert(answer(rule(alerts=[shown()])), alert()).lingers == timedelta(0)


def test_began_elsewhere() -> None:
    given = answer(
        rule(
            alerts=[
                shown(),
                other("a", SECOND * 299),
                other("a", SECOND),
                other("b", -SECOND * 300),
                other("late", SECOND * 301),
                other("pending", SECOND, "pending"),
                other("people", SECOND, metricops="no"),
            ]
        )
    )
    found = began_elsewhere(given, alert(), ONSET, timedelta(minutes=5))
    assert found == ("deployment/a in prod", "deployment/b in prod")
    assert began_elsewhere({}, alert(), ONSET, timedelta(minutes=5)) == ()


@pytest.mark.parametrize(
    ("kind", "result", "value"),
    [
        ("vector", [{"metric": {}, "value": [1.5, "0.25"]}], 0.25),
        ("scalar", [1.5, "0.25"], 0.25),
        (
            "vector",
            [{"metric": {"a": "1", "__name__": "x"}, "value": [1, "1"]}, {"metric": {"a": "2"}, "value": [1, "2"]}],
            1,
        ),
        ("vector", [], None),
        ("vector", [{"metric": {}, "value": [1, "1"]}] * 2, None),
        ("matrix", [{"metric": {}, "values": [[1, "1"]]}], None),
        ("vector", None, None),
        ("vector", [{"metric": {}, "value": ["x", "1"]}], None),
    ],
)
def test_the_sample_of_an_instant_query(kind: str, result: Any, value: float | None) -> None:
    found = read_sample(
        {"data": {"resultType": kind, "result": result}}, Sli("e", timedelta(0), Bound(0.1), labels={"a": "1"})
    )
    assert (found.value if found else None) == value
