"""Rules of a workload's annotations: they see its own series alone, and wait for as many events as they ask for."""

from __future__ import annotations

from rules.deployer.workload_rules import rules_of_workload
from rules.group import RuleSet
from rules.names import RULE_ANNOTATION, SLO_ANNOTATION
from rules.render import render_rule_file
from tests.service.rules.facts.virtual_time import Bench, Check, bench_fixture, nothing, requests, written

__all__ = ["bench_fixture"]

TALK = 'rate(http_request_total{code=~"^5.*$"}[5m]) > 0'
SEVERAL = """
- name: errors
  expr: sum(rate(http_request_total{code=~"5.."}[5m])) / sum(rate(http_request_total[5m])) > 0.05
  minimumEvents: 100
  events: increase(http_request_total[5m])
"""
SLO = """
objective: 99
errors: http_request_total{code=~"5.."}
total: http_request_total
"""
FIRING = 'ALERTS{alertstate="firing",metricops="undo"}'


def write(bench: Bench, **annotations: str) -> None:
    found = rules_of_workload("shop", "deployment", "shop", annotations)
    assert found.problems == ()
    (bench.folder / "rules.yaml").write_text(render_rule_file([RuleSet("shop", "shop", {}, found.groups)]))


def fires(at: str, name: str, **labels: str) -> Check:
    """The one alert that fires at a moment, of the series with these labels."""
    own = {
        "alertname": "DeployerRule",
        "alertstate": "firing",
        "namespace": "shop",
        "deployment": "shop",
        "slo": name,
        "service": "shop",
        "severity": "page",
        "metricops": "undo",
    }
    return {"expr": FIRING, "eval_time": at, "exp_samples": [{"labels": f"ALERTS{written(own | labels)}", "value": 1}]}


def test_only_the_workloads_own_series_are_seen(bench: Bench) -> None:
    write(bench, **{RULE_ANNOTATION: TALK})
    others = ({"namespace": "test"}, {"deployment": "cart"}, {"deployment": ""}, {"namespace": ""})
    series = {requests("500", **labels): "0+1x100" for labels in others}
    bench.run(series, [nothing(FIRING, "10m")])
    # A label of another kind does not come along: the alert would name two workloads.
    own = {requests("500", statefulset="db"): "0+1x100"}
    bench.run(series | own, [fires("10m", "rule", code="500", pod="a")])


def test_it_waits_for_as_many_events_as_it_asks_for(bench: Bench) -> None:
    write(bench, **{RULE_ANNOTATION: SEVERAL})
    # One in ten fails: of 50 requests in five minutes, and of 100 spread over two pods.
    few = {requests("200"): "0+4.5x100", requests("500"): "0+0.5x100"}
    bench.run(few, [nothing(FIRING, "20m")])
    second = {requests("200", "b"): "0+4.5x100", requests("500", "b"): "0+0.5x100"}
    bench.run(few | second, [fires("20m", "errors")])


def test_an_objective_burns_by_its_own_series(bench: Bench) -> None:
    write(bench, **{SLO_ANNOTATION: SLO})
    other = {requests("500", deployment="cart"): "0+9x200", requests("200", deployment="cart"): "0+1x200"}
    good = {requests("200"): "0+10x200"}
    bench.run(other | good, [nothing(FIRING, "90m")])
    bad = {requests("200"): "0+7x200", requests("500"): "0+3x200"}
    checks: list[Check] = [
        {"expr": f"count({FIRING})", "eval_time": "90m", "exp_samples": [{"labels": "{}", "value": 1}]}
    ]
    bench.run(other | bad, checks)
