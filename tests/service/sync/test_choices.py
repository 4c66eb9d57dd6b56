"""Which objects are taken, whom they may blame, and what is theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.debian import MonitoringBinaries, monitoring_binaries
from sync.objects import PROMETHEUS_RULE
from tests.service.sync.conftest import Cluster, Server, Start, eventually
from tests.service.sync.test_sync import BROKEN, GOOD


@pytest.fixture(scope="session")
def monitoring() -> MonitoringBinaries:
    """One pair: nothing here depends on Prometheus' version."""
    return monitoring_binaries(progress=print)


def test_a_trusted_namespace_may_blame_another(cluster: Cluster, prometheus: Server, start: Start) -> None:
    start("--trust-namespace", cluster.namespace)
    cluster.rule("theirs", GOOD, {"metricops": "undo", "deployment": "shop", "namespace": "bank"})
    eventually(lambda: prometheus.expressions() == {GOOD}, "it is evaluated")


def test_a_recreated_object_does_not_inherit_the_rules_of_its_namesake(
    cluster: Cluster, prometheus: Server, start: Start
) -> None:
    first = start()
    cluster.rule("web", GOOD)
    eventually(lambda: prometheus.expressions() == {GOOD}, "it is evaluated")
    first.stop()
    cluster.remove(PROMETHEUS_RULE, "web")
    cluster.rule("web", BROKEN)
    start()
    eventually(lambda: prometheus.expressions() == set(), "nothing of it is evaluated")
    eventually(lambda: bool(cluster.events("web")), "its owner is told")
    assert cluster.events("web")[-1]["note"].endswith("no rules of it are in force")


def test_only_what_is_selected(cluster: Cluster, prometheus: Server, start: Start) -> None:
    start("--selector", "app=shop")
    item = cluster.rule("web", GOOD)
    path = f"/apis/monitoring.coreos.com/v1/namespaces/{cluster.namespace}/prometheusrules/web"
    cluster.api.merge_patch(path, {"metadata": {"labels": {"app": "shop"}}})
    eventually(lambda: prometheus.expressions() == {GOOD}, "with the label it is evaluated")
    cluster.api.merge_patch(path, {"metadata": {"labels": {"app": None}}})
    eventually(lambda: prometheus.expressions() == set(), "without it is not")
    assert item["metadata"]["name"] == "web"


def test_two_processes_do_not_share_a_folder(
    cluster: Cluster, prometheus: Server, start: Start, tmp_path: Path
) -> None:
    first = start()
    cluster.rule("web", GOOD)
    eventually(lambda: prometheus.expressions() == {GOOD}, "the first works")
    second = start()
    eventually(lambda: not second.is_running, "the second ends")
    assert "another `metricops rules sync` writes there" in second.log_tail()
    assert first.is_running
