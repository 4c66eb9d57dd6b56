"""A real control plane without a scheduler, and the stand-in node that binds its pods."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from sandbox.cluster import ControlPlane
from sandbox.node.start import STOP_SECONDS, start_node
from sandbox.process import ManagedProcess, wait_until

SECONDS = 20.0


class Cluster:
    """What the tests ask of a cluster with one stand-in node."""

    def __init__(self, plane: ControlPlane, run_folder: Path) -> None:
        self.plane = plane
        self.api: Api = plane.api()
        self.run_folder = run_folder
        self.node: ManagedProcess = self.start_node()

    def start_node(self) -> ManagedProcess:
        return start_node(self.plane.kubeconfig, run_folder=self.run_folder, bind=True)

    def create_namespace(self, name: str) -> str:
        self.api.create("/api/v1/namespaces", {"metadata": {"name": name}})
        wait_until(
            lambda: self.find("serviceaccounts", name, "default") is not None, SECONDS, f"{name} has its account"
        )
        return name

    def find(self, plural: str, namespace: str, name: str, version: str = "v1") -> JsonObject | None:
        try:
            return self.api.get(object_path(version, plural, namespace, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def run(self, namespace: str, name: str, container: JsonObject, **spec: Any) -> None:
        """Create a pod of one container called `c`; its grace period is short unless given."""
        self.api.create(
            object_path("v1", "pods", namespace),
            {
                "metadata": {"name": name},
                "spec": {
                    "terminationGracePeriodSeconds": 2,
                    **spec,
                    "containers": [{"name": "c", "image": "shop:1.0", **container}],
                },
            },
        )

    def status(self, namespace: str, name: str) -> JsonObject:
        found = self.find("pods", namespace, name)
        return {} if found is None else found.get("status", {})

    def container(self, namespace: str, name: str) -> JsonObject:
        return first_container(self.status(namespace, name))

    def wait_for(self, namespace: str, name: str, holds: Callable[[JsonObject], object], what: str) -> JsonObject:
        """Wait until the pod's status is so; what it is instead stands in the error."""
        try:
            wait_until(lambda: bool(holds(self.status(namespace, name))), SECONDS, f"pod {name}: {what}")
        except TimeoutError as error:
            raise AssertionError(f"{error}: {json.dumps(self.status(namespace, name))}") from error
        return self.status(namespace, name)

    def log(self, namespace: str, name: str, file: str = "c.log") -> str:
        path = self.run_folder / f"{namespace}_{name}" / file
        return path.read_text() if path.exists() else ""


def first_container(status: JsonObject) -> JsonObject:
    entries: list[JsonObject] = status.get("containerStatuses", [])
    return entries[0] if entries else {}


def is_ready(status: JsonObject) -> bool:
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in status.get("conditions", []))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with ControlPlane(progress=print, scheduler=False) as plane:
        found = Cluster(plane, tmp_path_factory.mktemp("node"))
        try:
            yield found
        finally:
            found.node.stop(STOP_SECONDS)


@pytest.fixture
def namespace(cluster: Cluster, request: pytest.FixtureRequest) -> str:
    name = re.sub("[^a-z0-9]+", "-", request.node.name.lower())[:40].strip("-")
    return cluster.create_namespace(f"{name}-{secrets.token_hex(3)}")
