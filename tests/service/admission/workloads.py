"""Workloads as people and CD systems write them, of each kind. They make no pods: what is looked at is the object."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from receiver.cluster.api import Api, JsonObject, object_path
from receiver.workloads.stamp import ReleaseStamp, read_stamp
from sandbox.cluster import ControlPlane

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
RELEASE = "metricops.dev/release"


def path(namespace: str, name: str = "shop", kind: str = "Deployment") -> str:
    return object_path("apps/v1", f"{kind.lower()}s", namespace, name)


def manifest(
    namespace: str,
    image: str = "shop:1",
    *,
    name: str = "shop",
    kind: str = "Deployment",
    metadata: dict[str, Any] | None = None,
    template: dict[str, Any] | None = None,
    **spec: Any,
) -> JsonObject:
    """A workload; `template` are further fields of its pods' spec."""
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, **(metadata or {})},
        "spec": {
            **({} if kind == "DaemonSet" else {"replicas": 0}),
            **({"serviceName": name} if kind == "StatefulSet" else {}),
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": image}], **(template or {})},
            },
            **spec,
        },
    }


def create(api: Api, item: JsonObject, **query: str) -> JsonObject:
    metadata = item["metadata"]
    return api.create(path(metadata["namespace"], "", item["kind"]).rstrip("/"), item, **query)


def stamp_of(item: JsonObject) -> ReleaseStamp | None:
    return read_stamp(item["metadata"].get("annotations") or {})


def certain(stamp: ReleaseStamp | None) -> ReleaseStamp:
    assert stamp is not None, "there is no stamp"
    return stamp


@dataclass(frozen=True)
class Said:
    """What kubectl says: its warnings and its other lines."""

    lines: list[str]
    warnings: list[str]


def kubectl(plane: ControlPlane, *arguments: str, stdin: JsonObject | None = None) -> Said:
    """Run kubectl as the administrator; it must succeed."""
    command: list[Any] = [plane.kubectl_path, "--kubeconfig", plane.kubeconfig, *arguments]
    given = None if stdin is None else json.dumps(stdin)
    ended = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    begin = "Warning: "
    warnings = [line.removeprefix(begin) for line in ended.stderr.splitlines() if line.startswith(begin)]
    return Said(ended.stdout.splitlines(), warnings)
