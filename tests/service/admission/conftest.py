"""A real API server that asks the webhook, which runs as a process with the shipped rights."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from receiver.cluster.api import Api
from sandbox.admission import (
    AdmissionProcess,
    account_objects,
    admission_token,
    install_admission,
    webhook_configuration,
)
from sandbox.certificates import Authority
from sandbox.cluster import ControlPlane
from sandbox.shipped import install, shipped_objects

MODE = "metricops.dev/rollback"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    """With what manifests/base has, and controllers, but no node."""
    with ControlPlane(progress=print, scheduler=False) as plane:
        install(plane.api(), shipped_objects(), manager="tests")
        install_admission(plane.api(), account_objects())
        yield plane


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "ca", "webhooks")


@pytest.fixture(scope="session")
def kubeconfig(plane: ControlPlane) -> Path:
    """The shipped service account's."""
    return plane.write_kubeconfig(admission_token(plane.api()), plane.folder / "admission.kubeconfig")


@pytest.fixture(scope="session")
def webhook(
    plane: ControlPlane, kubeconfig: Path, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AdmissionProcess]:
    """The webhook, asked by the API server about whatever is opted in."""
    running = AdmissionProcess(kubeconfig, tmp_path_factory.mktemp("admission"), authority)
    try:
        running.wait_until_ready()
        install_admission(plane.api(), [webhook_configuration(running.url, running.authority)])
        yield running
        assert "forbidden" not in running.log(), "the shipped rights do not suffice"
        assert "Traceback" not in running.log()
    finally:
        running.process.kill()


@pytest.fixture
def api(plane: ControlPlane) -> Api:
    return plane.api()


@pytest.fixture
def namespace(api: Api) -> str:
    """An opted-in namespace of the test's own."""
    name = f"admission-{next(_numbers)}"
    api.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": {MODE: "enabled"}}})
    return name
