"""The parts of `make chaos` that judge: where a request stands, which cells are left, what the audit log tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.audit import RECEIVER_ACCOUNT
from sandbox.faults import Fault, Request
from tests.chaos.cells import FAULTS, SIGKILL, Cell, Matrix
from tests.chaos.oracle import Change, template_changes
from tests.chaos.steps import FINISHED, LISTING, SHARED, WATCH, Step, Tracker, namespace_of

ROLLBACKS = "/apis/metricops.dev/v1/namespaces/chaos-1/rollbacks"
DEPLOYMENT = "/apis/apps/v1/namespaces/chaos-1/deployments/shop"
CONTROL = "/api/v1/namespaces/metricops-system/configmaps/metricops-control"


def request(verb: str, path: str, status: dict[str, Any] | None = None) -> Request:
    return Request(verb, path, json.dumps({"status": status}).encode() if status else b"")


def test_a_rollback_is_followed_by_its_writes() -> None:
    tracker = Tracker("chaos-")
    assert tracker.locate(request("GET", DEPLOYMENT)) is None  # No round has begun.
    tracker.begin("chaos-1")
    journey = [
        (request("GET", DEPLOYMENT), Step("", "GET", "deployments")),
        (request("GET", "/api/v1/namespaces/chaos-1"), Step("", "GET", "namespaces")),
        (request("GET", f"{ROLLBACKS}?labelSelector=x"), Step("", "GET", "rollbacks")),
        (request("POST", f"{ROLLBACKS}?fieldManager=metricops"), Step("", "POST", "rollbacks")),
        (request("GET", f"{ROLLBACKS}/shop-2-abc"), Step("claim", "GET", "rollback")),
        (request("PATCH", DEPLOYMENT), Step("claim", "PATCH", "deployments")),
        (request("PATCH", f"{ROLLBACKS}/x/status", {"phase": "Undoing"}), Step("undo", "PATCH", "rollbacks/status")),
        (request("GET", DEPLOYMENT), Step("Undoing", "GET", "deployments")),
        (
            request("PATCH", f"{ROLLBACKS}/x/status", {"recoveryUnknown": True}),
            Step("Undoing", "PATCH", "rollbacks/status"),
        ),
    ]
    for sent, step in journey:
        assert tracker.locate(sent) == ("chaos-1", step)
        tracker.accepted("chaos-1", sent)
    assert tracker.locate(request("GET", DEPLOYMENT)) is None
    assert FINISHED == "finished"


@pytest.mark.parametrize(
    ("sent", "step"),
    [
        (request("GET", "/apis/metricops.dev/v1/rollbacks"), Step(LISTING, "GET", "rollbacks")),
        (request("GET", "/api/v1/namespaces?watch=true&timeoutSeconds=60"), Step(WATCH, "GET", "namespaces")),
        (request("GET", CONTROL), Step(SHARED, "GET", "metricops-control")),
        (request("PATCH", CONTROL.replace("control", "budget")), Step(SHARED, "PATCH", "metricops-budget")),
    ],
)
def test_what_serves_all_belongs_to_no_workload(sent: Request, step: Step) -> None:
    assert Tracker("chaos-").locate(sent) == ("", step)
    assert step.is_shared


@pytest.mark.parametrize(
    ("path", "namespace"),
    [(DEPLOYMENT, "chaos-1"), ("/api/v1/namespaces/chaos-1", "chaos-1"), ("/apis/metricops.dev/v1/rollbacks", "")],
)
def test_namespaces(path: str, namespace: str) -> None:
    assert namespace_of(path) == namespace


def test_cells_are_hit_as_often_as_wanted() -> None:
    step = Step("claim", "PATCH", "deployments")
    matrix = Matrix([step], wanted=2, seed=1)
    assert len(matrix.hits) == matrix.open == 2 * len(FAULTS)
    for _ in range(2):
        matrix.arm("chaos-1", len(matrix.hits))
        assert matrix.due("chaos-2", step, may_kill=True) is None
        assert matrix.due("chaos-1", Step("", "GET", "deployments"), may_kill=True) is None
        while matrix.due("chaos-1", step, may_kill=True):
            pass
        matrix.disarm("chaos-1")
    assert matrix.open == 0
    assert set(matrix.hits.values()) == {2}
    assert matrix.joins_kill(step) is None


def test_kills_wait_and_gather() -> None:
    step = Step("claim", "PATCH", "deployments")
    matrix = Matrix([step], wanted=1, seed=1)
    matrix.arm("chaos-1", len(matrix.hits))
    while cell := matrix.due("chaos-1", step, may_kill=False):
        assert cell.fault != SIGKILL
    assert matrix.joins_kill(step) == Cell(step, SIGKILL, after_effect=False)
    assert matrix.joins_kill(step) == Cell(step, SIGKILL, after_effect=True)
    assert matrix.hits[Cell(step, Fault.RESET, after_effect=True)] == 1


def write(resource_version: int, version: str, user: str, *, code: int = 200, **changes: Any) -> str:
    template = {"spec": {"containers": [{"env": [{"name": "VERSION", "value": version}]}]}}
    event = {
        "verb": "patch",
        "user": {"username": user},
        "objectRef": {"resource": "deployments", "namespace": "chaos-1"},
        "responseStatus": {"code": code},
        "responseObject": {
            "metadata": {"resourceVersion": str(resource_version)},
            "spec": {"template": template},
        },
        **changes,
    }
    return json.dumps(event, separators=(",", ":")) + "\n"


def test_the_audit_log_tells_who_left_what(tmp_path: Path) -> None:
    (tmp_path / "audit-2026-01-01.jsonl").write_text(
        write(9, "bad-2", "admin") + write(12, "good-1", RECEIVER_ACCOUNT) + write(5, "good-1", "admin")
    )
    (tmp_path / "audit.jsonl").write_text(
        write(14, "good-1", RECEIVER_ACCOUNT)  # Its second patch changes no template.
        + write(15, "bad-3", "admin", code=422)
        + write(16, "bad-3", "admin", verb="get")
    )
    assert template_changes(tmp_path / "audit.jsonl") == {
        "chaos-1": [
            Change(by_receiver=False, left="", reached="good-1"),
            Change(by_receiver=False, left="good-1", reached="bad-2"),
            Change(by_receiver=True, left="bad-2", reached="good-1"),
        ]
    }
