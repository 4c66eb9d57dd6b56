"""A Rollback as the API server would show it."""

from __future__ import annotations

from typing import Any

from receiver.decision.decide import decide
from receiver.rollbacks.record import new_rollback
from tests.unit.scenario import NOW, evidence, workload, world


def record(phase: str = "AwaitingApproval", *, mode: str = "approve", **status: Any) -> dict[str, Any]:
    claimed = world(workload=workload(labels={"metricops.dev/rollback": mode}), evidence=evidence())
    assert claimed.workload is not None
    body = new_rollback(decide(claimed), claimed.alert, claimed.workload, NOW, claimed.evidence)
    body["metadata"] |= {"uid": "r-1", "resourceVersion": "1", "creationTimestamp": "2026-03-01T12:00:00Z"}
    body["status"] = {"phase": phase, "attempt": 1, **status}
    return body
