"""A cluster: METRICOPS_TEST_KUBECONFIG's, else the sandbox's control plane. It gets what manifests/base has."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from receiver.cluster.api import Api, ApiError, object_path
from sandbox.binaries import control_plane_binaries
from sandbox.cluster import ControlPlane
from sandbox.debian import MonitoringBinaries, Pair, monitoring_binaries
from sandbox.faults import FaultProxy
from sandbox.kubeconfig import certificate_authority, with_token
from sandbox.node.start import STOP_SECONDS, start_node
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess
from sandbox.shipped import exists, install, path_of, receiver_token, shipped_objects
from tests.service.alertmanager.running import alertmanager, config


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
        return receiver_token(self.api)


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
        install(cluster.api, created, manager="tests")
        yield cluster
    finally:
        for item in reversed(created):
            _delete(cluster.api, path_of(item))
        wait_until(lambda: not any(exists(cluster.api, path_of(item)) for item in created), 60, "what was made is gone")
        if node is not None:
            node.stop(STOP_SECONDS)


def _delete(api: Api, path: str) -> None:
    try:
        api.delete(path)
    except ApiError as error:
        if error.status != 404:
            raise


def _has_ready_node(api: Api) -> bool:
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for node in api.get("/api/v1/nodes")["items"]
        for condition in node["status"].get("conditions") or []
    )


@pytest.fixture(scope="session")
def kubectl() -> Path:
    """The control plane's own, or PATH's where the cluster is somebody else's."""
    found = os.environ.get("METRICOPS_TEST_KUBECONFIG") and shutil.which("kubectl")
    return Path(found) if found else control_plane_binaries(progress=print)["kubectl"]


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


@pytest.fixture
def proxy(cluster: Cluster, api: Api, tmp_path: Path) -> Iterator[FaultProxy]:
    """A proxy in front of the API server, for faults on the way to it."""
    with FaultProxy(api.server, str(certificate_authority(cluster.kubeconfig, tmp_path))) as proxy:
        yield proxy


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
        receiver.process.signal(signal.SIGTERM)
    for receiver in started:
        receiver.process.stop()


@pytest.fixture
def receiver(start_receiver: Callable[..., ReceiverProcess]) -> ReceiverProcess:
    return start_receiver()


@pytest.fixture(scope="module", params=["default", "newest"])
def monitoring(request: pytest.FixtureRequest) -> MonitoringBinaries:
    """Each pair of Prometheus and Alertmanager that people start with today."""
    pair: Pair = request.param
    return monitoring_binaries(pair, progress=print)


@pytest.fixture(scope="module")
def alertmanager_url(monitoring: MonitoringBinaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Alertmanager that delivers nowhere: what fires there is found by the resync alone."""
    with alertmanager(monitoring, tmp_path_factory.mktemp("alertmanager"), config()) as url:
        yield url
