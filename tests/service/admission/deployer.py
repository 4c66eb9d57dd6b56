"""A workload as people and CD systems write it, with kubectl or straight at the API server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from receiver import names
from receiver.cluster.api import JsonObject, object_path
from receiver.workloads.stamp import ReleaseStamp, read_stamp
from sandbox.cluster import ControlPlane
from sandbox.process import wait_until

NAME = "shop"
NOTHING: Mapping[str, str] = MappingProxyType({})
CLIENT_SIDE = ("apply",)
SERVER_SIDE = ("apply", "--server-side")
ARGO_CD = ("apply", "--server-side", "--field-manager=argocd-controller", "--force-conflicts")
FLUX = ("apply", "--server-side", "--field-manager=kustomize-controller", "--force-conflicts")
"""As their apply-patches reach the API server: the manager's name, and force."""
WAYS = {"client-side": CLIENT_SIDE, "server-side": SERVER_SIDE, "Argo CD": ARGO_CD, "Flux": FLUX}
MOVING = ("resourceVersion", "managedFields", "generation")
"""What a dry run tells otherwise than the object that is stored, or a status write moves."""


def manifest(
    image: str = "shop:1", annotations: Mapping[str, str] = NOTHING, kind: str = "Deployment", **spec: Any
) -> JsonObject:
    """A workload without pods, so that its rollouts are complete at once."""
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": NAME, "annotations": dict(annotations), "labels": {"app": NAME}},
        "spec": {
            **({} if kind == "DaemonSet" else {"replicas": 0}),
            **({"serviceName": NAME} if kind == "StatefulSet" else {}),
            "selector": {"matchLabels": {"app": NAME}},
            "template": {
                "metadata": {"labels": {"app": NAME}},
                "spec": {"containers": [{"name": "main", "image": image}]},
            },
            **spec,
        },
    }


class Deployer:
    """One workload of one namespace."""

    def __init__(self, plane: ControlPlane, namespace: str, kind: str = "Deployment") -> None:
        self.plane, self.api, self.namespace, self.kind = plane, plane.api(), namespace, kind
        self.path = object_path("apps/v1", f"{kind.lower()}s", namespace, NAME)

    def kubectl(self, *arguments: str, of: JsonObject | None = None) -> str:
        """Run it; fails with what it said. Returns its standard output."""
        done = self.run(*arguments, of=of)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def run(self, *arguments: str, of: JsonObject | None = None) -> subprocess.CompletedProcess[str]:
        """Run it, on a manifest where one is given."""
        command = [str(self.plane.kubectl_path), "--kubeconfig", str(self.plane.kubeconfig), "-n", self.namespace]
        command += [*arguments, *(["-f", "-"] if of is not None else [])]
        given = json.dumps(of) if of is not None else None
        return subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=60)

    def live(self) -> JsonObject:
        """The object as it is stored, once its controller has seen it: its own writes are over then."""
        found: JsonObject = {}

        def observed() -> bool:
            found.update(self.api.get(self.path))
            seen = (found.get("status") or {}).get("observedGeneration", 0) >= found["metadata"]["generation"]
            numbered = names.REVISION_ANNOTATION in found["metadata"].get("annotations", {})
            return seen and (numbered or self.kind != "Deployment")

        wait_until(observed, 30, f"the controller has seen {self.kind} {NAME}")
        return found

    def stamp(self) -> ReleaseStamp:
        """The stamp that is stored; fails where there is none."""
        return stamp_of(self.live())

    def foretold(self, *way: str, of: JsonObject) -> JsonObject:
        """What the API server says that an apply would come to: the comparison of Argo CD's and Flux' diffs."""
        found: JsonObject = json.loads(self.kubectl(*way, "--dry-run=server", "-o", "json", of=of))
        return found

    def replica_sets(self) -> int:
        """How many revisions a Deployment has made."""
        return len(self.api.get(object_path("apps/v1", "replicasets", self.namespace))["items"])


def settled(item: JsonObject) -> JsonObject:
    """An object without what moves by itself: what is left is what drift is looked for in."""
    metadata = {key: value for key, value in item["metadata"].items() if key not in MOVING}
    return {"metadata": metadata, "spec": item["spec"]}


def stamp_of(item: JsonObject) -> ReleaseStamp:
    """An object's stamp; fails where there is none."""
    found = read_stamp(item["metadata"]["annotations"])
    assert found is not None
    return found


def owners_of_the_stamp(item: JsonObject) -> list[str]:
    """The managers that managedFields name for the annotation."""
    return [
        entry["manager"]
        for entry in item["metadata"]["managedFields"]
        if f"f:{names.RELEASE_ANNOTATION}" in entry["fieldsV1"].get("f:metadata", {}).get("f:annotations", {})
    ]
