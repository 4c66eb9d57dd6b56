"""What the proof of an objective can't know: traffic of a certain form on which nothing may fire; a deployer's rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.debian import MonitoringBinaries
from tests.service.rules.test_promtool import promtool
from tests.unit.rules.test_generate import GOLDEN

LABELS = 'namespace="shop",deployment="shop",pod="a"'
SERIES = [f'http_request_total{{{LABELS},code="{code}"}}' for code in (200, 503)]


def run(monitoring: MonitoringBinaries, folder: Path, rules: Path, interval: str, tests: list[dict[str, Any]]) -> None:
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(rules)], "evaluation_interval": interval, "tests": tests}))
    promtool(monitoring, "test", "rules", file)


QUIET: dict[str, list[dict[str, str]]] = {
    "no series": [],
    "no samples": [{"series": series, "values": "_x400"} for series in SERIES],
    "no traffic": [{"series": series, "values": "7x400"} for series in SERIES],
    "not a number": [{"series": series, "values": "NaN " * 400} for series in SERIES],
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
