"""A rollout that hangs says which pods hold it up, and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from receiver.cluster.api import Api, JsonObject, object_path
from receiver.decision.values import Workload, WorkloadRef
from receiver.workloads.registry import KINDS
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for
from tests.cluster.workloads import deploy, manifest, path, records, wait_for_phase

LATER = timedelta(minutes=1)


def read(api: Api, namespace: str, kind: str) -> Workload:
    workload = KINDS[kind].read(api, WorkloadRef(kind, namespace, "shop"), datetime.now(UTC))
    assert workload is not None
    return workload


def why(api: Api, namespace: str, kind: str) -> str:
    return KINDS[kind].why_blocked(api, read(api, namespace, kind), datetime.now(UTC) + LATER)


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_pod_that_is_not_ready(api: Api, namespace: str, kind: str) -> None:
    deploy(api, namespace, "shop", "broken", kind=kind, wait=False)
    wait_until(lambda: "runs, but is not ready" in why(api, namespace, kind), 60, "the container runs")
    (pod,) = api.get(object_path("v1", "pods", namespace))["items"]
    name, node = pod["metadata"]["name"], pod["spec"]["nodeName"]
    assert why(api, namespace, kind) == f"pod {name} on node {node}: container main runs, but is not ready"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"envFrom": [{"configMapRef": {"name": "gone"}}]}, "CreateContainerConfigError"),
        ({"image": "registry.invalid/nobody/knows:1"}, "ImagePull"),
    ],
    ids=["config", "image"],
)
def test_a_container_that_cannot_start(api: Api, namespace: str, change: dict[str, Any], words: str) -> None:
    body = manifest(namespace, "shop", "one", {})
    body["spec"]["template"]["spec"]["containers"][0] |= change
    api.apply(path(namespace, "shop"), body, field_manager="a-person")
    wait_until(lambda: words in why(api, namespace, "Deployment"), 60, f"the pod says {words}")
    assert "container main waits: " in why(api, namespace, "Deployment")


def test_what_serves_is_not_blocked(api: Api, namespace: str) -> None:
    deploy(api, namespace, "shop", "one")
    assert why(api, namespace, "Deployment") == ""


def test_the_record_tells_it_and_ends_at_the_deadline(
    api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    """A LimitRange lets no pod of the restored revision in."""
    receiver = start_receiver(rollout_deadline="14s")
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    limits = {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "no-small-ones"},
        "spec": {"limits": [{"type": "Pod", "min": {"memory": "1Gi"}}]},
    }
    api.create(object_path("v1", "limitranges", namespace), limits)
    receiver.decide(alert_for(namespace, "shop"))

    def condition() -> JsonObject:
        conditions = (records(api, namespace)[0].get("status") or {}).get("conditions") or []
        return next((c for c in conditions if c["type"] == "RolloutComplete"), {})

    wait_until(lambda: condition().get("reason") == "Blocked", 30, "the condition says that something blocks")
    assert condition()["status"] == "False"
    assert "FailedCreate" in condition()["message"]
    assert "minimum memory usage" in condition()["message"]
    record = wait_for_phase(api, namespace, "Failed")
    assert record["status"]["reason"] == "rollout-deadline"
    assert "did not complete within 14s: FailedCreate" in record["status"]["message"]
    assert receiver.forbidden() == []
