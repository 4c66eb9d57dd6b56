"""Labels: what one window lacks ends the match, what changes ends the alert, what is fixed hides what differs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import urllib3
import yaml

from rules import names
from rules.generate import generate
from rules.group import AlertRule
from rules.render import render_rule_file
from sandbox.debian import MonitoringBinaries
from sandbox.process import wait_until
from tests.service.prometheus.backfilled import Counter, backfilled
from tests.service.rules.facts.virtual_time import (
    PAGES,
    SHOP,
    TICKETS,
    Bench,
    Check,
    firing,
    nothing,
    number,
    requests,
    specification,
    written,
)

UNDOES = 'ALERTS{alertstate="firing",metricops="undo"}'
MANY = {
    "workload": {"per": "deployment"},
    "indicator": {
        "errorsOverTotal": {
            "errors": 'rate(http_request_total{code=~"5.."}[$window])',
            "total": "rate(http_request_total[$window])",
        }
    },
}
"""One objective for all deployments that the series name."""


def blamed(at: str, *workloads: dict[str, str]) -> Check:
    """The workloads that an alert that may undo blames at a moment, one alert for each."""
    samples = [{"labels": written(workload), "value": 1} for workload in workloads]
    return {
        "expr": f"count by (namespace, deployment, statefulset, daemonset) ({UNDOES})",
        "eval_time": at,
        "exp_samples": samples,
    }


def churning(**labels: str) -> dict[str, str]:
    """Pods that live ten minutes each; their errors are now a fifth of all requests and now all of them."""
    series = {}
    for pod in range(12):
        before = f"_x{pod * 20} " if pod else ""
        good, bad = ("0+80x19", "0+20x19") if pod % 2 else ("0x19", "0+100x19")
        series[requests("200", f"p{pod}", **labels)] = f"{before}{good} stale"
        series[requests("503", f"p{pod}", **labels)] = f"{before}{bad} stale"
    return series


@pytest.mark.parametrize("spec", [{}, MANY], ids=["one", "many"])
def test_no_label_differs_between_long_and_short_window(bench: Bench, spec: dict[str, Any]) -> None:
    """Whatever pods, codes and paths a window has seen: its series has the labels of the other's."""
    rules = bench.rules(specification(**spec))
    series = churning(path="/") | {requests("200", "old", path="/x"): "0+9x100 stale"}
    spans = [("1h", "5m"), ("6h", "30m"), ("1d", "2h"), ("3d", "6h")]
    checks = []
    for at in ("62m", "75m", "90m", "110m"):
        for long, short in spans:
            pair = [f"metricops:slo_error_ratio:rate{span}" for span in (long, short)]
            checks += [nothing(f"{one} unless {other}", at) for one, other in (pair, pair[::-1])]
            checks.append(number(f"count({pair[0]})", at, 1))
        checks.append(firing(at, PAGES | TICKETS))
    bench.run(series, checks)
    assert all(isinstance(rule.expression, str) for rule in rules.rules)


@pytest.mark.parametrize("spec", [{}, MANY], ids=["one", "many"])
def test_nothing_changes_in_a_firing_alert(bench: Bench, spec: dict[str, Any]) -> None:
    """For 45 minutes of other pods and other ratios it is one alert, active since one moment."""
    bench.rules(specification(**spec))
    since = 'ALERTS_FOR_STATE{metricops="undo"}'
    checks = [
        number(f"count(count_over_time({UNDOES}[45m]))", "110m", 1),
        number(f"sum(count_over_time({UNDOES}[45m])) >= bool 90", "110m", 1),
        number(f"sum(changes({since}[45m]))", "110m", 0),
        number("max_over_time(sum(metricops:slo_error_ratio:rate5m)[45m:30s])", "110m", 1),
        number("min_over_time(sum(metricops:slo_error_ratio:rate5m)[45m:30s])", "110m", 0.2),
    ]
    bench.run(churning(), checks)


@pytest.mark.parametrize("spec", [{}, MANY], ids=["one", "many"])
def test_no_label_of_an_alert_is_made_of_a_value(spec: dict[str, Any]) -> None:
    """A label with a value in it would be another alert at each evaluation."""
    for rule in generate(specification(**spec)).rules:
        if isinstance(rule, AlertRule):
            assert not [text for text in rule.labels.values() if "value" in text.lower()]


def test_each_of_many_workloads_is_judged_by_itself(bench: Bench) -> None:
    """Two deployments of a namespace and a namesake in another: only the one that fails is blamed."""
    bench.rules(specification(**MANY))
    well, ill = {"200": "0+100x240"}, {"200": "0+50x240", "503": "0+50x240"}
    series = {
        requests(code, pod, namespace=namespace, deployment=deployment): values
        for namespace, deployment, counters in (("shop", "shop", ill), ("shop", "cart", well), ("test", "shop", well))
        for code, values in counters.items()
        for pod in "ab"
    }
    bench.run(series, [blamed("65m", SHOP)])


def test_series_of_another_workload_do_not_count(bench: Bench) -> None:
    """Without a matcher for them in the query, the objective of one workload would blame it for all others."""
    bench.rules(specification())
    series = {requests("503", namespace="test"): "0+9x240", requests("503", deployment="cart"): "0+9x240"}
    bench.run(series | {requests(): "0+9x240"}, [blamed("65m")])


EXPORTED = {
    "workload": {"per": "deployment", "namespaceLabel": "exported_namespace", "nameLabel": "app"},
    "indicator": MANY["indicator"],
}


def test_the_exported_namespace_is_blamed_and_not_the_exporters(bench: Bench) -> None:
    """A scrape that does not honour labels moves the workload's aside: `namespace` is the exporter's own."""
    bench.rules(specification(**EXPORTED))
    moved = {"namespace": "monitoring", "deployment": "exporter", "exported_namespace": "shop", "app": "shop"}
    series = {requests("200", **moved): "0+50x240", requests("503", **moved): "0+50x240"}
    other = moved | {"exported_namespace": "test"}
    bench.run(series | {requests("200", **other): "0+50x240"}, [blamed("65m", SHOP)])


def test_where_no_namespace_was_exported_nobody_is_blamed(bench: Bench) -> None:
    """The label that was to name it is not there: better no namespace than the exporter's."""
    bench.rules(specification(**EXPORTED))
    own = {"namespace": "monitoring", "deployment": "exporter", "app": "shop"}
    series = {requests("200", **own): "0+50x240", requests("503", **own): "0+50x240"}
    bench.run(series, [blamed("65m", {"deployment": "shop"}), nothing(f'{UNDOES[:-1]},namespace!=""}}', "65m")])


def enforced(rules: str, namespace: str) -> str:
    """Rules as the prometheus-operator changes them where it enforces a namespace label: on selectors and on labels."""
    groups = yaml.safe_load(rules)
    for rule in (rule for group in groups["groups"] for rule in group["rules"]):
        rule["expr"] = re.sub(
            r"(\b(?:metricops:\w+:\w+|http_request_total))(\{)?",
            lambda found: f'{found[1]}{{namespace="{namespace}"' + ("," if found[2] else "}"),
            rule["expr"].replace('namespace="shop",', ""),
        )
        rule["labels"]["namespace"] = namespace
    return yaml.safe_dump(groups)


@pytest.mark.parametrize("spec", [{}, MANY], ids=["one", "many"])
def test_an_enforced_namespace_changes_no_alert(bench: Bench, spec: dict[str, Any]) -> None:
    """The objects stand in the workload's namespace, so what the operator adds is what they say already."""
    found = specification(**spec)
    bench.rules(found)
    text = enforced((bench.folder / "rules.yaml").read_text(), "shop")
    assert text.count('{namespace="shop"') > 10
    (bench.folder / "rules.yaml").write_text(text)
    ill = {"200": "0+50x240", "503": "0+50x240"}
    series = {requests(code, namespace=namespace): ill[code] for code in ill for namespace in ("shop", "test")}
    bench.run(series, [blamed("65m", SHOP)])


# The series differ in labels that the rules write over.
COLLIDING = [
    Counter("http_request_total", {**SHOP, **labels, "pod": "a", "code": code}, lambda _: 1.0)
    for labels in ({"slo": "x", "service": "y"}, {"slo": "z", "severity": "none"}, {"namespace": "test"})
    for code in ("200", "503")
]
ANY_ERROR = 'rate(http_request_total{code="503",slo="x"}[5m]) > 0'
RAW_RATIO = (
    'sum by (namespace, slo) (rate(http_request_total{code="503"}[$window])) '
    "/ sum by (namespace, slo) (rate(http_request_total[$window]))"
)
HEALTHY = {
    "one-workload": specification(),
    "many-workloads": specification(**MANY),
    "names-in-other-labels": specification(**{**EXPORTED, "workload": {"per": "deployment", "nameLabel": "pod"}}),
    "several-ratios": specification(indicator={"raw": {"errorRatio": RAW_RATIO}}),
    "no-workload": specification(workload=None, indicator=MANY["indicator"]),
    "deployers-rule": specification(objective=None, window=None, indicator=None, rule={"expr": ANY_ERROR}),
}
COLLIDES = {
    "record": "collides",
    "expr": "sum by (namespace) (rate(http_request_total[5m]))",
    "labels": {names.NAMESPACE_LABEL: "shop"},
}


def rules_of(name: str) -> list[dict[str, Any]]:
    text = render_rule_file([generate(replace(HEALTHY[name], name=name))])
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


@pytest.fixture(scope="module")
def judged(monitoring: MonitoringBinaries, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The rules of all these objectives, and one that fails, as a real Prometheus shows them once it has tried each."""
    rules = [rule for name in HEALTHY for rule in rules_of(name)] + [COLLIDES]
    with backfilled(monitoring, tmp_path_factory.mktemp("prometheus"), COLLIDING, rules) as prometheus:

        def answered() -> list[dict[str, Any]]:
            try:
                answer = urllib3.request("GET", f"{prometheus.url}/api/v1/rules", retries=False)
            except urllib3.exceptions.HTTPError:
                return []
            groups = answer.json()["data"]["groups"] if answer.status == 200 else []
            return [rule for group in groups for rule in group["rules"]]

        wait_until(
            lambda: {rule["health"] for rule in answered() or [{"health": "unknown"}]} <= {"ok", "err"},
            30,
            "each rule is evaluated",
        )
        return answered()


@pytest.mark.parametrize("name", HEALTHY)
def test_a_fixed_label_over_one_that_differs_fails_no_rule(judged: list[dict[str, Any]], name: str) -> None:
    """Series that differ in `slo`, `service`, `severity` or `namespace` alone: each rule is healthy in Prometheus."""
    errors = [rule.get("lastError", "") for rule in judged if rule.get("labels", {}).get("slo") == name]
    assert len(errors) == len(rules_of(name))
    assert set(errors) == {""}


def test_where_a_fixed_label_makes_two_series_one_the_rule_fails(judged: list[dict[str, Any]]) -> None:
    """What the rules are kept from: nothing is recorded, of no series."""
    (found,) = (rule for rule in judged if rule["name"] == "collides")
    assert found["health"] == "err"
    assert "labelset" in found["lastError"]
