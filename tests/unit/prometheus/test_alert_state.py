from __future__ import annotations

from typing import Any

import pytest

from receiver.decision.recovery import AlertState
from receiver.prometheus.rules_answer import read_alert
from receiver.prometheus.source import state_of
from tests.unit.scenario import LABELS, labelled

DELIVERED = labelled(cluster="eu-1")


def answer(*rules: Any) -> Any:
    return {"data": {"groups": [{"rules": []}, {"rules": list(rules)}]}}


def rule(*, name: str = "ErrorBudgetBurn", health: str = "ok", labels: Any = None, alerts: Any = ()) -> Any:
    return {"name": name, "health": health, "labels": labels or {"metricops": "undo"}, "alerts": list(alerts)}


SHOWN = {"labels": LABELS, "state": "firing", "activeAt": "2026-03-01T11:59:00Z"}
OTHER = {**SHOWN, "labels": {**LABELS, "deployment": "cart"}}


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (answer(rule(alerts=[SHOWN])), AlertState.ACTIVE),
        (answer(rule(alerts=[OTHER, SHOWN])), AlertState.ACTIVE),
        (answer(rule(alerts=[{**SHOWN, "state": "pending"}])), AlertState.ACTIVE),
        (answer(rule(alerts=[OTHER])), AlertState.ABSENT),
        (answer(rule()), AlertState.ABSENT),
        (answer(rule(labels={"metricops": "undo", "team": "{{ $labels.team }}"})), AlertState.ABSENT),
        (answer(rule(labels={"metricops": "undo", "deployment": "cart"})), AlertState.UNKNOWN),
        (answer(rule(name="Another")), AlertState.UNKNOWN),
        (answer(rule(health="err")), AlertState.UNKNOWN),
        (answer(rule(health="unknown")), AlertState.UNKNOWN),
        (answer(), AlertState.UNKNOWN),
        ({}, AlertState.UNKNOWN),
        ([], AlertState.UNKNOWN),
        ({"data": {"groups": None}}, AlertState.UNKNOWN),
        ({"data": {"groups": ["x"]}}, AlertState.UNKNOWN),
    ],
)
def test_alert_state(given: Any, state: AlertState) -> None:
    assert state_of(read_alert(given, DELIVERED)) is state
