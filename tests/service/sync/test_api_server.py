"""The API server's part: while it can't be asked nothing is removed, and a CRD may come later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sandbox.cluster import ControlPlane
from sandbox.debian import MonitoringBinaries, monitoring_binaries
from sandbox.process import ManagedProcess
from sandbox.rules_sync import PROMETHEUS_RULE_CRD, SHIPPED, start_rules_sync
from sandbox.shipped import account_token, path_of
from sync.objects import OBJECTIVE
from tests.service.sync.conftest import Cluster, Server, eventually
from tests.service.sync.test_sync import BETTER, GOOD, objective

FOREIGN_CRD = Path(__file__).parents[4] / "shared/crds/monitoring.coreos.com_prometheusrules.yaml"


@pytest.fixture(scope="session")
def monitoring() -> MonitoringBinaries:
    """One pair: nothing here depends on Prometheus' version."""
    return monitoring_binaries(progress=print)


@pytest.fixture(scope="module")
def bare() -> Iterator[ControlPlane]:
    """A cluster without any of the CRDs."""
    with ControlPlane(progress=print, scheduler=False, controllers=False) as plane:
        yield plane


def begin(plane: ControlPlane, prometheus: Server) -> ManagedProcess:
    options = ("--prometheus", prometheus.url, "--promtool", prometheus.binaries.promtool, "--resync", "1s")
    return start_rules_sync(plane.kubeconfig, prometheus.rules, prometheus.folder / "sync.log", *options)


def test_crds_that_come_later_and_an_api_server_that_goes_and_comes_back(
    bare: ControlPlane, prometheus: Server
) -> None:
    process = begin(bare, prometheus)
    try:
        api = bare.api()
        cluster = Cluster(api, "default")
        operators = FOREIGN_CRD if FOREIGN_CRD.is_file() else PROMETHEUS_RULE_CRD
        crds = [next(yaml.safe_load_all(file.read_text())) for file in (operators, SHIPPED / "crd.yaml")]
        assert process.is_running
        api.apply(path_of(crds[0]), crds[0], field_manager="tests")
        bare.kubectl("wait", "--for=condition=Established", f"crd/{crds[0]['metadata']['name']}")
        cluster.rule("web", GOOD)
        eventually(lambda: prometheus.expressions() == {GOOD}, "rules are evaluated without the other CRD")
        api.apply(path_of(crds[1]), crds[1], field_manager="tests")
        bare.kubectl("wait", "--for=condition=Established", f"crd/{crds[1]['metadata']['name']}")
        cluster.write(OBJECTIVE, "slo", objective("default"))
        eventually(lambda: cluster.loaded("slo").get("status") == "True", "objectives are, once they can be had")

        before = prometheus.expressions()
        bare.restart_api_server()
        cluster.rule("later", BETTER)
        eventually(lambda: prometheus.expressions() == before | {BETTER}, "nothing is lost, and changes are seen again")
        assert "rules removed" not in process.log.read_text()

        bare.kubectl("delete", f"crd/{crds[1]['metadata']['name']}", "--wait=false")
        eventually(lambda: prometheus.expressions() == {GOOD, BETTER}, "with a CRD go its objects, and so their rules")
    finally:
        process.stop()
    assert "Traceback" not in process.log.read_text()


def test_it_waits_for_an_api_server_that_can_not_be_reached(
    bare: ControlPlane, prometheus: Server, tmp_path: Path
) -> None:
    nowhere = tmp_path / "kubeconfig"
    nowhere.write_text(bare.kubeconfig.read_text().replace(str(bare.port), "1"))
    process = start_rules_sync(nowhere, prometheus.rules, tmp_path / "sync.log", "--prometheus", prometheus.url)
    try:
        eventually(lambda: process.log.read_text().count("not in line") >= 2, "it tries again")
        assert process.is_running
    finally:
        process.stop()


def test_a_missing_right_ends_it(bare: ControlPlane, prometheus: Server, tmp_path: Path) -> None:
    stranger = tmp_path / "kubeconfig"
    account = bare.api().create("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "stranger"}})[
        "metadata"
    ]["name"]
    bare.write_kubeconfig(account_token(bare.api(), "default", account), stranger)
    process = start_rules_sync(stranger, prometheus.rules, tmp_path / "sync.log")
    try:
        eventually(lambda: not process.is_running, "it ends")
        assert "a right is missing" in process.log.read_text()
    finally:
        process.stop()
