"""Prometheus refuses a configuration as a whole: one bad file keeps neither others out nor its own last good state."""

from __future__ import annotations

from pathlib import Path

from sync.objects import OBJECTIVE
from tests.service.sync.conftest import Cluster, Server, Start, eventually
from tests.service.sync.test_once import sync_once
from tests.service.sync.test_sync import BETTER, BROKEN, GOOD, objective

# Only Prometheus itself finds these out: without promtool templates are not looked at.
BAD_TEMPLATE = {"annotations": {"summary": "{{ .Nonsense"}}


def test_without_promtool_what_prometheus_refuses_is_found_by_asking_it(
    cluster: Cluster, prometheus: Server, start: Start
) -> None:
    cluster.rule("bad-1", BETTER)
    first = start(promtool=None)
    eventually(lambda: prometheus.expressions() == {BETTER}, "the first state is evaluated")
    first.stop()
    for number in range(5):
        cluster.rule(f"good-{number}", f"good_{number} > 0")
    cluster.rule("bad-1", GOOD, **BAD_TEMPLATE)
    cluster.rule("bad-2", GOOD, **BAD_TEMPLATE)
    cluster.rule("broken", BROKEN)
    start(promtool=None)
    expected = {BETTER, *(f"good_{number} > 0" for number in range(5))}
    eventually(lambda: prometheus.expressions() == expected, "all good ones are evaluated, and the last good state")
    for name, reason in (("bad-1", "RefusedByPrometheus"), ("bad-2", "RefusedByPrometheus"), ("broken", "Invalid")):
        eventually(lambda name=name: bool(cluster.events(name)), f"the owner of {name} is told")  # type: ignore[misc]
        assert cluster.events(name)[0]["reason"] == reason
    assert cluster.events("bad-1")[0]["note"].endswith("the rules of generation 1 stay in force")
    assert cluster.events("bad-2")[0]["note"].endswith("no rules of it are in force")
    assert len(prometheus.files()) == 6
    before = prometheus.loads()
    cluster.rule("good-0", "another > 0")
    eventually(lambda: "another > 0" in prometheus.expressions(), "what comes later is evaluated")
    assert prometheus.loads() == before + 1, "what was refused is not tried again"


def test_promtool_finds_a_bad_template(cluster: Cluster, prometheus: Server, start: Start) -> None:
    start()
    cluster.rule("bad", GOOD, **BAD_TEMPLATE)
    cluster.rule("good", BETTER)
    eventually(lambda: prometheus.expressions() == {BETTER}, "the good one is evaluated")
    eventually(lambda: bool(cluster.events("bad")), "its owner is told")
    assert cluster.events("bad")[0]["reason"] == "Invalid"


def test_a_configuration_that_is_broken_elsewhere_blames_nobody(
    cluster: Cluster, prometheus: Server, start: Start
) -> None:
    cluster.rule("web", GOOD)
    process = start()
    eventually(lambda: prometheus.expressions() == {GOOD}, "it is evaluated")
    (prometheus.folder / "prometheus.yml").write_text("nonsense: [")
    cluster.rule("new", BETTER)
    cluster.write(OBJECTIVE, "slo", objective(cluster.namespace))
    eventually(lambda: cluster.loaded("slo").get("reason") == "PrometheusNotReady", "its status says whose fault it is")
    assert cluster.loaded("slo")["status"] == "Unknown"
    assert "without the new ones it is the same" in cluster.loaded("slo")["message"]
    assert prometheus.expressions() == {GOOD}
    assert len(prometheus.files()) == 1, "what Prometheus has not taken stays out of its sight"
    assert (cluster.events("web"), cluster.events("new")) == ([], [])
    prometheus.configure()
    eventually(lambda: {GOOD, BETTER} < prometheus.expressions(), "with the configuration mended all are evaluated")
    eventually(lambda: cluster.loaded("slo").get("status") == "True", "its status says so")
    assert process.is_running


def test_a_prometheus_that_comes_later(cluster: Cluster, prometheus: Server, start: Start) -> None:
    prometheus.process.stop()
    cluster.write(OBJECTIVE, "slo", objective(cluster.namespace))
    start()
    eventually(lambda: cluster.loaded("slo").get("reason") == "PrometheusNotReady", "its status says so")
    assert prometheus.files() == [], "what could keep it from starting is not there"
    prometheus.start()
    eventually(lambda: cluster.loaded("slo").get("status") == "True", "it is evaluated")


def test_files_that_were_written_and_never_loaded(
    cluster: Cluster, prometheus: Server, start: Start, kubeconfig: Path
) -> None:
    cluster.rule("web", GOOD)
    assert sync_once(kubeconfig, cluster, prometheus.rules).returncode == 0
    assert (len(prometheus.files()), prometheus.expressions()) == (1, set())
    start()
    eventually(lambda: prometheus.expressions() == {GOOD}, "they are loaded, although there is nothing to write")


def test_a_folder_that_prometheus_does_not_read_is_told(cluster: Cluster, prometheus: Server, start: Start) -> None:
    prometheus.configure(rule_files=str(prometheus.folder / "elsewhere/*.yml"))
    start()
    cluster.write(OBJECTIVE, "slo", objective(cluster.namespace))
    eventually(lambda: cluster.loaded("slo").get("reason") == "NotInRuleFiles", "its status says so")
    assert "rule_files has to name the folder" in cluster.loaded("slo")["message"]
    prometheus.configure()
    eventually(lambda: cluster.loaded("slo").get("status") == "True", "it is evaluated")


def test_a_prometheus_that_can_not_be_reloaded_is_told(cluster: Cluster, prometheus: Server, start: Start) -> None:
    prometheus.process.stop()
    prometheus.start("--log.level=info")  # Without --web.enable-lifecycle.
    start()
    cluster.write(OBJECTIVE, "slo", objective(cluster.namespace))
    eventually(lambda: "Lifecycle" in cluster.loaded("slo").get("message", ""), "its status says why")
    assert cluster.loaded("slo")["reason"] == "PrometheusNotReady"
    assert prometheus.files() == []
