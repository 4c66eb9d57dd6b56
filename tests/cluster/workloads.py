"""Workloads as people and CD systems write them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from receiver.cluster.api import Api, JsonObject, object_path
from receiver.workloads import daemonset, deployment, statefulset
from sandbox.process import wait_until

IMAGE = "registry.k8s.io/pause:3.10"
ROLLOUT_SECONDS = 90.0
MANAGER = "a-person"


ROLLOUT_COMPLETE = {
    "Deployment": deployment.rollout_complete,
    "StatefulSet": statefulset.rollout_complete,
    "DaemonSet": daemonset.rollout_complete,
}


def manifest(
    namespace: str, name: str, version: str, annotations: Mapping[str, str], kind: str = "Deployment", **spec: Any
) -> JsonObject:
    """A workload whose template differs by its version alone. A version that begins with `broken` is never ready."""
    container: JsonObject = {"name": "main", "image": IMAGE, "env": [{"name": "VERSION", "value": version}]}
    if version.startswith("broken"):
        container["readinessProbe"] = {"httpGet": {"port": 9, "path": "/"}, "periodSeconds": 1}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"metricops.dev/rollback": "enabled"},
            "annotations": {"kubernetes.io/change-cause": version, **annotations},
        },
        "spec": {
            **({} if kind == "DaemonSet" else {"replicas": 1}),
            **({"serviceName": name} if kind == "StatefulSet" else {}),
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]},
            },
            **spec,
        },
    }


def path(namespace: str, name: str, kind: str = "Deployment") -> str:
    return object_path("apps/v1", f"{kind.lower()}s", namespace, name)


def deploy(
    api: Api,
    namespace: str,
    name: str,
    version: str,
    *,
    wait: bool = True,
    annotations: Mapping[str, str] = MappingProxyType({}),
    kind: str = "Deployment",
    **spec: Any,
) -> JsonObject:
    """Write a release by server-side apply, and wait until it serves. `spec` are further fields of the workload's."""
    body = manifest(namespace, name, version, annotations, kind, **spec)
    applied = api.apply(path(namespace, name, kind), body, field_manager=MANAGER)
    if wait:
        wait_for_rollout(api, namespace, name, kind)
    return applied


def wait_for_rollout(api: Api, namespace: str, name: str, kind: str = "Deployment") -> None:
    at, is_complete = path(namespace, name, kind), ROLLOUT_COMPLETE[kind]
    wait_until(lambda: is_complete(api.get(at)), ROLLOUT_SECONDS, f"{name} is rolled out")


def version_of(workload: JsonObject) -> str:
    environment = workload["spec"]["template"]["spec"]["containers"][0]["env"]
    return str(next(entry["value"] for entry in environment if entry["name"] == "VERSION"))


def label(api: Api, namespace: str, name: str, mode: str | None) -> None:
    """Set the workload's opt-in label, as kubectl does."""
    body = {"metadata": {"labels": {"metricops.dev/rollback": mode}}}
    api.merge_patch(path(namespace, name), body, fieldManager="kubectl-label")


def records(api: Api, namespace: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(object_path("metricops.dev/v1", "rollbacks", namespace))["items"]
    return found


def phase(record: JsonObject) -> str:
    return str((record.get("status") or {}).get("phase") or "Claimed")


def wait_for_phase(api: Api, namespace: str, *phases: str, seconds: float = 60.0) -> dict[str, Any]:
    """Wait until the namespace's only record is in one of these phases; returns it."""
    deadline = time.monotonic() + seconds
    while True:
        found = records(api, namespace)
        if len(found) == 1 and phase(found[0]) in phases:
            return found[0]
        if time.monotonic() > deadline:
            shown = [(record["metadata"]["name"], record.get("status")) for record in found]
            raise AssertionError(f"not within {seconds:g} s: one record in {' or '.join(phases)}; found {shown}")
        time.sleep(0.1)


def next_second() -> None:
    """managedFields and creationTimestamps tell whole seconds."""
    now = int(time.time())
    wait_until(lambda: int(time.time()) > now, 2, "the next second")
