"""A cluster: METRICOPS_TEST_KUBECONFIG's, else the sandbox's control plane. It gets what manifests/base has."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from sandbox.cluster import ControlPlane
from sandbox.kubeconfig import with_token
from sandbox.node.start import STOP_SECONDS, start_node
from sandbox.process import wait_until
from tests.cluster.receiver_process import ReceiverProcess
from tests.cluster.workloads import exists

BASE = Path(__file__).parents[2] / "manifests/base"
INSTALLED = ("crd.yaml", "namespace.yaml", "rbac.yaml", "control.yaml")
PLURALS = {
    "CustomResourceDefinition": "customresourcedefinitions",
    "Namespace": "namespaces",
    "ServiceAccount": "serviceaccounts",
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "ConfigMap": "configmaps",
}


class Cluster:
    """What a test needs to know of the cluster. `audit_events` is None where the audit log is out of reach."""

    def __init__(self, kubeconfig: Path, control_plane: ControlPlane | None, folder: Path) -> None:
        self.kubeconfig = kubeconfig
        self.folder = folder
        self.api = Api.connect(str(kubeconfig), user_agent="tests")
        self._control_plane = control_plane

    def audit_events(self) -> list[dict[str, Any]] | None:
        return self._control_plane.audit_events() if self._control_plane else None

    def receiver_token(self) -> str:
        account = object_path("v1", "serviceaccounts", names.DEFAULT_NAMESPACE, "metricops-receiver", "token")
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 7200},
        }
        return str(self.api.create(account, request)["status"]["token"])


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    given = os.environ.get("METRICOPS_TEST_KUBECONFIG")
    with tempfile.TemporaryDirectory(prefix="metricops-tests-") as temporary:
        folder = Path(temporary)
        if given:
            yield from _prepared(Cluster(Path(given).resolve(), None, folder))
        else:
            with ControlPlane(progress=print) as control_plane:
                yield from _prepared(Cluster(control_plane.kubeconfig, control_plane, folder))


def _prepared(cluster: Cluster) -> Iterator[Cluster]:
    node = None
    if not _has_ready_node(cluster.api):
        node = start_node(cluster.kubeconfig, run_folder=cluster.folder / "node", name="tests-node", bind=True)
    created = shipped_objects()
    try:
        install(cluster.api, created)
        yield cluster
    finally:
        for item in reversed(created):
            _delete(cluster.api, _path(item))
        wait_until(lambda: not any(exists(cluster.api, _path(item)) for item in created), 60, "what was made is gone")
        if node is not None:
            node.stop(STOP_SECONDS)


def shipped_objects() -> list[JsonObject]:
    """What manifests/base has for the receiver, without the receiver itself; the CRD first."""
    return [item for file in INSTALLED for item in yaml.safe_load_all((BASE / file).read_text())]


def install(api: Api, items: list[JsonObject]) -> None:
    """Write them, and wait until the API server serves Rollbacks."""
    for item in items:
        api.apply(_path(item), item, field_manager="tests")
    crd = _path(items[0])
    wait_until(lambda: _is_established(api.get(crd)), 30, "the CRD is established")
    wait_until(lambda: exists(api, object_path(names.API_VERSION, names.ROLLBACKS)), 30, "rollbacks are served")


def _path(item: JsonObject) -> str:
    metadata = item["metadata"]
    return object_path(item["apiVersion"], PLURALS[item["kind"]], metadata.get("namespace"), metadata["name"])


def _delete(api: Api, path: str) -> None:
    try:
        api.delete(path)
    except ApiError as error:
        if error.status != 404:
            raise


def _is_established(crd: JsonObject) -> bool:
    conditions = (crd.get("status") or {}).get("conditions") or []
    return any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions)


def _has_ready_node(api: Api) -> bool:
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for node in api.get("/api/v1/nodes")["items"]
        for condition in node["status"].get("conditions") or []
    )


@pytest.fixture
def api(cluster: Cluster) -> Api:
    return cluster.api


@pytest.fixture
def namespace(api: Api) -> Iterator[str]:
    """A namespace of the test's own."""
    name = f"test-{secrets.token_hex(4)}"
    path = object_path("v1", "namespaces", name=name)
    api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    wait_until(
        lambda: exists(api, object_path("v1", "serviceaccounts", name, "default")), 30, "the default account exists"
    )
    yield name
    api.delete(path)


@pytest.fixture(scope="session")
def receiver_kubeconfig(cluster: Cluster) -> Path:
    """A kubeconfig with the shipped service account's token."""
    return with_token(cluster.kubeconfig, cluster.receiver_token(), cluster.folder / "receiver.kubeconfig")


@pytest.fixture
def start_receiver(receiver_kubeconfig: Path, tmp_path: Path) -> Iterator[Callable[..., ReceiverProcess]]:
    """Start receivers; whatever is left is ended after the test."""
    started: list[ReceiverProcess] = []

    def start(*, kubeconfig: Path | None = None, ready: bool = True, **settings: str) -> ReceiverProcess:
        receiver = ReceiverProcess(kubeconfig or receiver_kubeconfig, tmp_path / f"receiver-{len(started)}", **settings)
        started.append(receiver)
        if ready:
            receiver.wait_until_ready()
        return receiver

    yield start
    for receiver in started:
        receiver.process.stop()


@pytest.fixture
def receiver(start_receiver: Callable[..., ReceiverProcess]) -> ReceiverProcess:
    return start_receiver()
