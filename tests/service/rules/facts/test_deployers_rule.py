"""The rule of the talk, word for word: on any single error, once per series, with the series' own labels."""

from __future__ import annotations

from rules.generate import generate
from rules.group import AlertRule
from rules.lints import ANY_WORKLOAD, ONCE_PER_SERIES, SINGLE_EVENT, lint
from tests.service.rules.facts.virtual_time import Bench, Check, requests, specification, written

TALK = 'rate(http_request_total{code=~"^5.*$"}[5m]) > 0'
RULE = {"objective": None, "window": None, "indicator": None, "rule": {"expr": TALK}}
ALERT = 'ALERTS{alertname="DeployerRule",alertstate="firing"}'


def fired(at: str, *series: dict[str, str]) -> Check:
    """One alert for each of these series' labels, with those of the rule written over them."""
    rule = {
        "alertname": "DeployerRule",
        "alertstate": "firing",
        "namespace": "shop",
        "deployment": "shop",
        "slo": "shop-availability",
        "service": "shop",
        "severity": "page",
        "metricops": "undo",
    }
    samples = [{"labels": f"ALERTS{written(labels | rule)}", "value": 1} for labels in series]
    return {"expr": ALERT, "eval_time": at, "exp_samples": samples}


def test_the_talks_rule_fires_on_a_single_error(bench: Bench) -> None:
    """One of a hundred thousand requests; it ends when the five minutes have passed."""
    bench.rules(specification(**RULE))
    series = {requests("200"): "0+1000x100", requests("500"): "0x40 1x60"}
    checks = [fired("20m"), fired("21m", {"pod": "a", "code": "500"}), fired("26m")]
    bench.run(series, checks)


def test_the_talks_rule_fires_once_per_series_with_its_own_labels(bench: Bench) -> None:
    """Three series that fail, three alerts; pods and codes are labels of theirs."""
    bench.rules(specification(**RULE))
    series = {requests(code, pod): "0+1x100" for code, pod in (("500", "a"), ("503", "a"), ("500", "b"))}
    labels = [{"pod": pod, "code": code} for code, pod in (("500", "a"), ("503", "a"), ("500", "b"))]
    bench.run(series | {requests("200"): "0+9x100"}, [fired("10m", *labels)])


def test_the_talks_rule_is_linted_with_what_follows() -> None:
    """Nothing is refused and nothing is changed: it is told."""
    (rule,) = generate(specification(**RULE)).rules
    assert isinstance(rule, AlertRule)
    assert {ONCE_PER_SERIES, SINGLE_EVENT, ANY_WORKLOAD} <= {found.name for found in lint(rule)}


def test_the_talks_rule_is_not_rewritten() -> None:
    (rule,) = generate(specification(**RULE)).rules
    assert isinstance(rule, AlertRule)
    assert rule.expression == TALK
