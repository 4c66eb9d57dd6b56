"""The parts of `make bench` that judge: what is met, the statistics, and what counts as a request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.audit_trail import AuditTrail
from bench.figures import Figure, Goal, median, percentile, table
from sandbox.audit import RECEIVER_ACCOUNT


@pytest.mark.parametrize(
    ("value", "goal", "verdict"),
    [
        (6, Goal(6), "met"),
        (7, Goal(6), "not met"),
        (0.85, Goal(0.85, at_least=True), "met"),
        (0.84, Goal(0.85, at_least=True), "not met"),
        (1, None, ""),
    ],
)
def test_a_bound_is_kept_or_not(value: float, goal: Goal | None, verdict: str) -> None:
    assert Figure("a", "something", value, goal=goal).verdict == verdict


def test_the_goal_stands_beside_the_figure() -> None:
    shown = table([Figure("b", "above the floor", 51.2, "ms", Goal(50))])
    assert shown.splitlines()[1].split() == [
        "(b)",
        "above",
        "the",
        "floor",
        "51.2",
        "ms",
        "≤",
        "50",
        "ms",
        "not",
        "met",
    ]


def test_percentile_by_nearest_rank() -> None:
    values = [float(number) for number in range(1, 101)]
    assert (percentile(values, 0.99), percentile(values, 0.5)) == (99, 50)
    assert percentile([3.0, 1.0, 2.0], 0.99) == 3  # Of few values the greatest.
    assert (median([3, 1, 2]), median([4, 1, 2, 3])) == (2, 2.5)


def event(verb: str, received: str, **more: Any) -> dict[str, Any]:
    return {
        "verb": verb,
        "requestURI": "/",
        "user": {"username": RECEIVER_ACCOUNT},
        "objectRef": {"resource": "deployments", "namespace": "shop", "name": "shop"},
        "responseStatus": {"code": 200},
        "requestReceivedTimestamp": received,
        "stageTimestamp": received,
        **more,
    }


def test_the_audit_log_is_read_on(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    trail = AuditTrail(log)
    assert trail.new_calls() == []
    template = [{"op": "replace", "path": "/spec/template", "value": {}}]
    undo = json.dumps(event("patch", "2026-03-01T00:00:02.000001Z", requestObject=template))
    read = json.dumps(event("get", "2026-03-01T00:00:01.000000Z"))
    log.write_text(f"{undo}\n{read}\n{undo[:40]}")
    first = trail.new_calls()
    assert [(str(call), call.undoes) for call in first] == [("get deployments", False), ("patch deployments", True)]
    with log.open("a") as more:  # The rest of the line that was being written.
        more.write(f"{undo[40:]}\n")
    assert [str(call) for call in trail.new_calls()] == ["patch deployments"]
    assert trail.new_calls() == []


def test_a_list_of_the_whole_cluster_has_no_namespace(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    everywhere = event("list", "2026-03-01T00:00:01.000000Z", objectRef={"resource": "replicasets"})
    within = event("list", "2026-03-01T00:00:02.000000Z", objectRef={"resource": "replicasets", "namespace": "shop"})
    log.write_text(f"{json.dumps(everywhere)}\n{json.dumps(within)}\n")
    assert [call.lists_cluster for call in AuditTrail(log).new_calls()] == [True, False]
