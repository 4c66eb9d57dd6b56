"""Which objects are taken, whom they may blame, and what is theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from receiver.cluster.api import Api
from rules.deployer.objects import COMPONENT, COMPONENT_LABEL, object_name
from rules.names import RULES_ENABLED, RULES_LABEL
from sandbox.debian import MonitoringBinaries, monitoring_binaries
from sandbox.process import ManagedProcess
from sandbox.rules_sync import start_rules_sync
from sync.objects import PROMETHEUS_RULE
from tests.service.sync.conftest import Cluster, Server, Start, eventually
from tests.service.sync.test_annotations import TALK, deploy
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


def test_annotations_of_namespaces_that_have_opted_in(
    api: Api, namespace: str, kubeconfig: Path, prometheus: Server, tmp_path: Path
) -> None:
    def opt(value: str | None) -> None:
        api.merge_patch(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": {RULES_LABEL: value}}})

    def begin(*options: str) -> ManagedProcess:
        given = ("--prometheus", prometheus.url, "--selector", f"run={namespace}", *options)
        return start_rules_sync(kubeconfig, prometheus.rules, tmp_path / "sync.log", *given)

    deploy(api, namespace, TALK)
    process = begin("--annotations")
    opt(RULES_ENABLED)
    eventually(lambda: len(prometheus.expressions()) == 1, "the rule is loaded")
    opt(None)
    eventually(lambda: prometheus.expressions() == set(), "the rule goes with the opt-in")
    opt(RULES_ENABLED)
    eventually(lambda: len(prometheus.expressions()) == 1, "the rule is loaded")
    (loaded,) = prometheus.expressions()

    # An object of the reconciler's takes its place: no rule is there twice.
    labels = {COMPONENT_LABEL: COMPONENT, "run": namespace}
    spec = {"groups": [{"name": "g", "rules": [{"alert": "DeployerRule", "expr": GOOD}]}]}
    path = f"/apis/monitoring.coreos.com/v1/namespaces/{namespace}/prometheusrules"
    name = object_name("deployment", "web")
    rule = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule"}
    api.create(path, {**rule, "metadata": {"name": name, "labels": labels}, "spec": spec})
    eventually(lambda: prometheus.expressions() == {GOOD}, "the object counts")
    api.delete(f"{path}/{name}")
    eventually(lambda: prometheus.expressions() == {loaded}, "the annotation counts again")

    process.stop()
    # Without the flag nobody's annotations count any more.
    process = begin()
    eventually(lambda: prometheus.expressions() == set(), "the rule goes with the flag")
    process.stop()
