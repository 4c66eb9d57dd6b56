"""What the status of a pod that holds a rollout up says, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from receiver.cluster.api import Api
from receiver.decision.values import Workload, WorkloadRef
from receiver.timestamps import format_time
from receiver.workloads.blocking_pods import GRACE, blocking_pods, why_not_ready
from tests.unit.scenario import V1, V2, workload

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OLD = format_time(NOW - timedelta(minutes=1))


def container(name: str = "main", *, ready: bool = False, last: Any = None, **state: Any) -> dict[str, Any]:
    return {"name": name, "ready": ready, "state": state, "lastState": {"terminated": last} if last else {}}


def condition(kind: str, status: str = "False", **said: str) -> dict[str, str]:
    return {"type": kind, "status": status, **said}


UNSCHEDULABLE = condition("PodScheduled", reason="Unschedulable", message="0/3 nodes are available")
RUNS = container(running={})
READY = container(ready=True, running={})
CRASHED = {"reason": "Error", "exitCode": 1}
BACK_OFF = {"reason": "CrashLoopBackOff", "message": "back-off 20s restarting"}
PULL = {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "shop:1"'}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"conditions": [UNSCHEDULABLE]}, "Unschedulable (0/3 nodes are available)"),
        ({"reason": "NodeLost", "message": "Node n1 is unresponsive"}, "NodeLost (Node n1 is unresponsive)"),
        (
            {"containerStatuses": [RUNS, container("side", waiting=PULL)]},
            'container side waits: ImagePullBackOff (Back-off pulling image "shop:1")',
        ),
        (
            {"containerStatuses": [container(waiting=BACK_OFF, last=CRASHED)]},
            "container main is in CrashLoopBackOff (Error, exit code 1)",
        ),
        ({"containerStatuses": [container(waiting=BACK_OFF)]}, "container main is in CrashLoopBackOff"),
        ({"containerStatuses": [container(terminated=CRASHED)]}, "container main has ended (Error, exit code 1)"),
        (
            {
                "initContainerStatuses": [container("migrate", waiting=BACK_OFF)],
                "containerStatuses": [container(waiting={"reason": "PodInitializing"})],
            },
            "container migrate is in CrashLoopBackOff",
        ),
        (
            {"initContainerStatuses": [container("done", terminated={"exitCode": 0})], "containerStatuses": [RUNS]},
            "container main runs, but is not ready",
        ),
        (
            {"containerStatuses": [READY], "conditions": [condition("Ready")]},
            "its containers are ready, it is not: its node may be gone",
        ),
        (
            {
                "containerStatuses": [READY],
                "conditions": [condition("Ready", reason="ReadinessGatesNotReady", message="gate x")],
            },
            "ReadinessGatesNotReady (gate x)",
        ),
        ({"phase": "Pending"}, "is Pending, and no container has been started"),
        ({}, "is Pending, and no container has been started"),
    ],
)
def test_why(status: dict[str, Any], words: str) -> None:
    assert why_not_ready({"metadata": {"name": "p"}, "status": status}) == words


class Pods:
    """An API server that has these pods."""

    def __init__(self, *pods: dict[str, Any]) -> None:
        self._pods = pods
        self.asked: list[str] = []

    def get(self, path: str, **query: str) -> dict[str, Any]:
        self.asked.append(f"{path} {query['labelSelector']}")
        return {"items": list(self._pods)}


def pod(name: str, revision: str = "2", *, created: str = OLD, owner: str = "", **metadata: Any) -> dict[str, Any]:
    reference = {"controller": True, "kind": "ReplicaSet", "name": owner or f"shop-{revision}", "uid": "rs"}
    labels = {"pod-template-hash": revision, "controller-revision-hash": revision}
    return {
        "metadata": {
            "name": name,
            "creationTimestamp": created,
            "labels": labels,
            "ownerReferences": [reference],
            **metadata,
        },
        "spec": {"nodeName": "n1"},
        "status": {"containerStatuses": [RUNS]},
    }


def blocking(*pods: dict[str, Any], of: Workload | None = None) -> str:
    return blocking_pods(cast(Api, Pods(*pods)), of or workload(), NOW)


WHY = "container main runs, but is not ready"


def test_names_pod_and_node() -> None:
    assert blocking(pod("a")) == f"pod a on node n1: {WHY}"
    unbound = {**pod("a"), "spec": {}}
    assert blocking(unbound) == f"pod a: {WHY}"


def test_at_most_three_by_name() -> None:
    said = blocking(*(pod(name) for name in "ecdba"))
    assert said == "; ".join(f"pod {name} on node n1: {WHY}" for name in "abc") + " (and 2 more)"
    assert "more" not in blocking(*(pod(name) for name in "abc"))


def test_only_pods_of_the_current_revision_that_have_had_time() -> None:
    assert blocking(pod("a", "1")) == ""
    assert blocking(pod("a", owner="another-2")) == ""
    assert blocking(pod("a", created=format_time(NOW - GRACE + timedelta(seconds=1)))) == ""
    assert blocking(pod("a", created=format_time(NOW - GRACE))) != ""
    ready = {**pod("a"), "status": {"conditions": [condition("Ready", "True")]}}
    assert blocking(ready) == ""
    assert blocking(pod("a"), of=workload(current=None)) == ""


def test_a_pod_that_does_not_go_away() -> None:
    assert blocking(pod("a", "1", deletionTimestamp=OLD)) == f"pod a on node n1: should have been gone by {OLD}"
    assert blocking(pod("a", "2", deletionTimestamp=format_time(NOW))) == ""


@pytest.mark.parametrize(
    ("kind", "label", "values"),
    [
        ("Deployment", "pod-template-hash", "1,2"),
        ("StatefulSet", "controller-revision-hash", "shop-1,1,shop-2,2"),
        ("DaemonSet", "controller-revision-hash", "shop-1,1,shop-2,2"),
    ],
)
def test_asks_for_the_pods_of_the_workload_alone(kind: str, label: str, values: str) -> None:
    api = Pods()
    of = workload(V1, V2, ref=WorkloadRef(kind, "prod", "shop"))
    assert blocking_pods(cast(Api, api), of, NOW) == ""
    assert api.asked == [f"/api/v1/namespaces/prod/pods {label} in ({values})"]


def test_a_stateful_sets_pods_are_its_own() -> None:
    of = workload(ref=WorkloadRef("StatefulSet", "prod", "shop"))
    reference = {"controller": True, "kind": "StatefulSet", "name": "shop", "uid": of.uid}
    assert blocking(pod("shop-0", ownerReferences=[reference]), of=of) == f"pod shop-0 on node n1: {WHY}"
    assert blocking(pod("shop-0", ownerReferences=[{**reference, "uid": "other"}]), of=of) == ""
