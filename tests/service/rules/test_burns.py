"""Each window of each example, in promtool's virtual time: it fires where the arithmetic says so, and clears again."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml

from rules.durations import format_duration
from rules.generate import generate
from rules.parse import parse
from rules.render import render_rule_file
from rules.specification import ErrorBudget
from sandbox.debian import MonitoringBinaries
from tests.service.rules.burns import Burn, SeriesOf
from tests.service.rules.test_promtool import promtool
from tests.unit.rules.test_generate import EXAMPLES, GOLDEN


def http(deployment: str, names: str = 'namespace="shop",deployment') -> SeriesOf:
    labels = f'{names}="{deployment}",pod="a"'

    def series(failed: list[int], total: list[int]) -> dict[str, list[int]]:
        good = [all_events - errors for errors, all_events in zip(failed, total, strict=True)]
        return {
            f'http_request_total{{{labels},code="200"}}': list(itertools.accumulate(good, initial=0)),
            f'http_request_total{{{labels},code="503"}}': list(itertools.accumulate(failed, initial=0)),
        }

    return series


def queries(failed: list[int], total: list[int]) -> dict[str, list[int]]:
    labels = 'namespace="prod",statefulset="orders-db",pod="orders-db-0"'
    return {
        f"queries_total{{{labels}}}": list(itertools.accumulate(total, initial=0)),
        f"query_errors_total{{{labels}}}": list(itertools.accumulate(failed, initial=0)),
    }


def durations(name: str, labels: str, bound: str) -> SeriesOf:
    """A classic histogram."""

    def series(failed: list[int], total: list[int]) -> dict[str, list[int]]:
        good = [all_events - errors for errors, all_events in zip(failed, total, strict=True)]
        return {
            f'{name}{{{labels},pod="a",le="{bound}"}}': list(itertools.accumulate(good, initial=0)),
            f'{name}{{{labels},pod="a",le="+Inf"}}': list(itertools.accumulate(total, initial=0)),
        }

    return series


def native(failed: list[int], total: list[int]) -> dict[str, list[str]]:
    """A native histogram whose buckets end at 0.125, 0.25, 0.5 and 1: the last but one holds what failed."""
    good = list(itertools.accumulate((t - f for f, t in zip(failed, total, strict=True)), initial=0))
    bad = list(itertools.accumulate(failed, initial=0))
    values = [
        f"{{{{schema:0 count:{g + b} sum:{g + b} offset:-2 buckets:[{g} {b}]}}}}"
        for g, b in zip(good, bad, strict=True)
    ]
    labels = 'namespace="shop",deployment="shop",pod="a"'
    idle = ["{{schema:0 count:0 sum:0}}"] * len(values)
    return {
        f"http_request_duration_seconds{{{labels}}}": values,
        # A pod that serves nothing.
        f"http_request_duration_seconds{{{labels.replace(chr(34) + 'a', chr(34) + 'b')}}}": idle,
    }


def gauges(failed: list[int], total: list[int]) -> dict[str, list[float]]:
    """A gauge that is good for a share of each step."""
    labels = 'namespace="shop",statefulset="shop-db",pod="a"'
    shares = [(all_events - errors) / all_events for errors, all_events in zip(failed, total, strict=True)]
    return {f"probe_success{{{labels}}}": [1, *shares]}


SHOP = 'namespace="shop",deployment="shop"'
SERIES: dict[str, SeriesOf] = {
    "shop-availability": http("shop"),
    "cart-availability": http("cart"),
    "checkout-availability": http("checkout"),
    "search-availability": http("search"),
    "orders-availability": queries,
    "shop-latency": durations("http_request_duration_seconds_bucket", SHOP, "0.3"),
    "whole-bound": durations("http_request_duration_seconds_bucket", SHOP, "1.0"),
    "per-statefulset-latency": durations("query_duration_seconds_bucket", 'namespace="prod",app="orders-db"', "1e+03"),
    "native-latency": native,
    "boolean-gauge": gauges,
    "good-over-total": http("shop"),
    "raw-ratio": http("shop"),
    "raw-ratio-with-total": http("shop"),
    "http-availability": http("cart", 'exported_namespace="shop",app'),
    "per-deployment": http("cart"),
}
ALL_WINDOWS = ("slo", "slo-statefulset", "slo-demo", "demo")
"""Of the others the fast page alone: their slower windows are reckoned alike."""
BURNS = [
    pytest.param(Burn(found, found.judge, window, SERIES[found.name]), id=f"{name}-{found.name}-{window.long}")
    for name, path in EXAMPLES.items()
    for found in parse(path.read_bytes(), path.name)
    if isinstance(found.judge, ErrorBudget) and found.name in SERIES
    for window in found.judge.windows[: None if name in ALL_WINDOWS else 1]
]


def run(monitoring: MonitoringBinaries, folder: Path, rules: Path, interval: str, tests: list[dict[str, Any]]) -> None:
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(rules)], "evaluation_interval": interval, "tests": tests}))
    promtool(monitoring, "test", "rules", file)


@pytest.mark.parametrize("burn", BURNS)
def test_a_window(monitoring: MonitoringBinaries, tmp_path: Path, burn: Burn) -> None:
    if burn.series_of is native and monitoring.prometheus_version.startswith("2.42"):
        pytest.skip("promtool 2.42 has no notation for native histograms")
    rules = tmp_path / "rules.yaml"
    rules.write_text(render_rule_file([generate(burn.specification)]))
    run(monitoring, tmp_path, rules, format_duration(burn.step), burn.cases())


QUIET: dict[str, list[dict[str, str]]] = {
    "no series": [],
    "no samples": [{"series": series, "values": "_x400"} for series in http("shop")([], [])],
    "no traffic": [{"series": series, "values": "7x400"} for series in http("shop")([], [])],
    "not a number": [{"series": series, "values": "NaN " * 400} for series in http("shop")([], [])],
    # The errors' series outlives the one of all other events.
    "no traffic but a stale total": [
        {
            "series": 'http_request_total{namespace="shop",deployment="shop",pod="a",code="200"}',
            "values": "0+9x20 stale",
        },
        {"series": 'http_request_total{namespace="shop",deployment="shop",pod="a",code="503"}', "values": "0x400"},
    ],
    "another workload's errors": [
        {"series": 'http_request_total{namespace="shop",deployment="other",pod="a",code="503"}', "values": "0+9x400"},
        {"series": 'http_request_total{namespace="test",deployment="shop",pod="a",code="503"}', "values": "0+9x400"},
    ],
}


@pytest.mark.parametrize("rules", ["slo", "slo-demo"])
@pytest.mark.parametrize("name", QUIET)
def test_nothing_ever_fires_on(monitoring: MonitoringBinaries, tmp_path: Path, rules: str, name: str) -> None:
    interval, whole = ("1s", "400s") if rules == "slo-demo" else ("15s", "100m")
    check = {"expr": f"count_over_time(ALERTS[{whole}])", "eval_time": whole, "exp_samples": []}
    test = {"interval": interval, "input_series": QUIET[name], "promql_expr_test": [check]}
    run(monitoring, tmp_path, GOLDEN / f"{rules}.rules.yaml", interval, [test])


def test_the_deployers_rule_keeps_its_own_word(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    """It fires on a single error, once per series, with the workload's labels written over the series' own."""
    series = 'http_request_total{namespace="other",pod="a",code="500"}'
    alert = 'ALERTS{alertname="DeployerRule",alertstate="firing",metricops="undo",namespace="shop",deployment="shop"}'
    labels = (
        'ALERTS{alertname="DeployerRule",alertstate="firing",code="500",deployment="shop",metricops="undo",'
        'namespace="shop",pod="a",service="shop",severity="page",slo="shop-any-5xx"}'
    )
    test = {
        "interval": "15s",
        "input_series": [{"series": series, "values": "0x10 1x40"}],
        "promql_expr_test": [
            {"expr": alert, "eval_time": "2m", "exp_samples": []},
            {"expr": alert, "eval_time": "4m", "exp_samples": [{"labels": labels, "value": 1}]},
            {"expr": alert, "eval_time": "10m", "exp_samples": []},
        ],
    }
    run(monitoring, tmp_path, GOLDEN / "rule.rules.yaml", "15s", [test])
