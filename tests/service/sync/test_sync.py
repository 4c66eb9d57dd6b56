"""Objects of a real API server become rules of a real Prometheus, and stay in line with it."""

from __future__ import annotations

import signal
from typing import Any

import yaml

from sync.files import kind_of_file
from sync.objects import OBJECTIVE, PROMETHEUS_RULE
from tests.service.sync.conftest import Cluster, Server, Start, eventually
from tests.unit.rules.test_generate import EXAMPLES

GOOD, BETTER, BROKEN = "up == 0", "up == 1", "rate(up[5m"


def objective(namespace: str, **changes: Any) -> dict[str, Any]:
    spec: dict[str, Any] = yaml.safe_load(EXAMPLES["slo"].read_bytes())["spec"]
    return {**spec, "workload": {"namespace": namespace, "deployment": "shop"}, **changes}


def test_the_life_of_a_rule(cluster: Cluster, prometheus: Server, start: Start) -> None:
    start("--resync", "10m")  # So that only changes themselves can be what is acted upon.
    cluster.rule("web", GOOD)
    eventually(lambda: prometheus.expressions() == {GOOD}, "it is evaluated")
    cluster.rule("web", BETTER)
    eventually(lambda: prometheus.expressions() == {BETTER}, "its change is evaluated")

    cluster.rule("web", BROKEN)
    eventually(lambda: len(cluster.events("web")) == 1, "its owner is told")
    (event,) = cluster.events("web")
    assert (event["type"], event["reason"]) == ("Warning", "Invalid")
    assert event["reportingController"] == "metricops.dev/rules-sync"
    assert "parse error" in event["note"]
    assert event["note"].endswith("the rules of generation 2 stay in force")
    cluster.rule("other", GOOD)
    eventually(lambda: prometheus.expressions() == {BETTER, GOOD}, "others are taken, and the last good ones stay")

    cluster.rule("web", "vector(1)")
    eventually(lambda: prometheus.expressions() == {"vector(1)", GOOD}, "what was mended is evaluated")
    eventually(lambda: len(cluster.events("web")) == 2, "its owner is told that it is well")
    assert cluster.events("web")[-1]["reason"] == "Loaded"
    cluster.remove(PROMETHEUS_RULE, "web")
    eventually(lambda: prometheus.expressions() == {GOOD}, "it is gone")
    assert len(prometheus.files()) == 1


def test_the_life_of_an_objective(cluster: Cluster, prometheus: Server, start: Start) -> None:
    start()
    cluster.write(OBJECTIVE, "shop-availability", objective(cluster.namespace))
    eventually(lambda: cluster.loaded("shop-availability").get("status") == "True", "its status says so")
    expressions = prometheus.expressions()
    assert any("http_request_total" in expression for expression in expressions)

    cluster.write(OBJECTIVE, "shop-availability", objective(cluster.namespace, objective=100))
    eventually(lambda: cluster.loaded("shop-availability").get("status") == "False", "its status says so")
    condition = cluster.loaded("shop-availability")
    assert (condition["reason"], condition["observedGeneration"]) == ("Invalid", 2)
    assert "spec.objective: found '100'" in condition["message"]
    assert "generation 1 stay in force" in condition["message"]
    assert prometheus.expressions() == expressions

    cluster.remove(OBJECTIVE, "shop-availability")
    eventually(lambda: prometheus.expressions() == set(), "it is gone")


def test_no_undo_of_a_workload_in_another_namespace(cluster: Cluster, prometheus: Server, start: Start) -> None:
    start()
    undo = {"metricops": "undo", "deployment": "shop"}
    cluster.rule("theirs", GOOD, {**undo, "namespace": "bank"})
    cluster.write(OBJECTIVE, "theirs", objective("bank"))
    cluster.rule("ours", BETTER, {**undo, "namespace": cluster.namespace})
    eventually(lambda: prometheus.expressions() == {BETTER}, "only what blames its own namespace is evaluated")
    eventually(lambda: cluster.loaded("theirs").get("reason") == "ForeignNamespace", "the objective's status says why")
    eventually(lambda: bool(cluster.events("theirs")), "the rule's Event says why")
    assert cluster.events("theirs")[0]["reason"] == "ForeignNamespace"
    assert "found the label namespace=bank" in cluster.events("theirs")[0]["note"]


def test_a_restart_converges(cluster: Cluster, prometheus: Server, start: Start) -> None:
    first = start()
    for name in ("stays", "changes", "goes", "breaks"):
        cluster.rule(name, f"{name} > 0")
    # Prometheus shows rules while its reload still runs, before `rules sync` has its answer and keeps them.
    eventually(lambda: len(prometheus.expressions()) == len(prometheus.taken()) == 4, "all are evaluated, and kept")
    first.signal(signal.SIGKILL)
    eventually(lambda: not first.is_running, "it has been killed")
    cluster.rule("changes", "changed > 0")
    cluster.remove(PROMETHEUS_RULE, "goes")
    cluster.rule("breaks", BROKEN)
    cluster.rule("comes", "comes > 0")
    # What an earlier run was killed over, before Prometheus had a word on it, is no last good file.
    broken = next(path for path in prometheus.rules.glob("*breaks*.yml"))
    broken.write_text(broken.read_text().replace("breaks > 0", "tampered > 0"))
    start()
    expected = {"stays > 0", "changed > 0", "breaks > 0", "comes > 0"}
    eventually(lambda: prometheus.expressions() == expected, "everything is in line")
    assert len(prometheus.files()) == 4


def test_the_folder_is_healed_and_other_files_are_left_alone(
    cluster: Cluster, prometheus: Server, start: Start
) -> None:
    theirs = prometheus.rules / "theirs.yml"
    theirs.write_text("groups: [{name: theirs, rules: [{record: theirs, expr: vector(1)}]}]")
    cluster.rule("web", GOOD)
    cluster.rule("api", BETTER)
    start()
    eventually(lambda: prometheus.expressions() == {"vector(1)", GOOD, BETTER}, "all are evaluated")
    web, api = (next(path for path in prometheus.rules.glob(f"*.{name}.*.yml")) for name in ("web", "api"))
    web.write_text(web.read_text().replace(GOOD, "vector(2)"))
    api.unlink()
    stale = prometheus.rules / web.name.replace("web", "stale")
    assert kind_of_file(stale.name) == "rule"
    stale.write_text("groups: [{name: stale, rules: [{record: stale, expr: vector(3)}]}]")
    eventually(lambda: GOOD in web.read_text(), "the edit is taken back")
    eventually(lambda: api.exists() and not stale.exists(), "what is missing is there, what is stale is not")
    eventually(lambda: prometheus.expressions() == {"vector(1)", GOOD, BETTER}, "all are evaluated")
    assert theirs.exists()
