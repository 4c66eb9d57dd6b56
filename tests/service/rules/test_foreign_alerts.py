"""In promtool's virtual time, alerts made of other tools' specifications fire when their own words say so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rules.generate import generate
from rules.parse import parse
from rules.render import render_rule_file
from sandbox.debian import MonitoringBinaries
from tests.service.rules.test_promtool import promtool
from tests.unit.rules.foreign.examples import SPECS

HOURS = "x480"
"""Two hours of samples, one every 15 seconds."""


def series(**values: str) -> list[dict[str, str]]:
    return [{"series": name, "values": numbers} for name, numbers in values.items()]


def requests(metric: str, good: int, bad: int) -> list[dict[str, str]]:
    return [
        {"series": f'{metric}{{code="200"}}', "values": f"0+{good}{HOURS}"},
        {"series": f'{metric}{{code="503"}}', "values": f"0+{bad}{HOURS}"},
    ]


def histogram(metric: str, labels: str, fast: int, slow: int, bound: str) -> list[dict[str, str]]:
    return [
        {"series": f'{metric}_bucket{{{labels},le="{bound}"}}', "values": f"0+{fast}{HOURS}"},
        {"series": f'{metric}_bucket{{{labels},le="+Inf"}}', "values": f"0+{fast + slow}{HOURS}"},
        {"series": f"{metric}_count{{{labels}}}", "values": f"0+{fast + slow}{HOURS}"},
    ]


def judge(
    monitoring: MonitoringBinaries,
    folder: Path,
    rules: str,
    objective: str,
    inputs: list[dict[str, str]],
    at: str,
    *,
    fires: bool,
) -> None:
    """Assert whether any alert of the objective fires then."""
    expression = f'count(ALERTS{{alertstate="firing",slo="{objective}",alertname!="SliAbsent"}}) > bool 0'
    test: dict[str, Any] = {
        "interval": "15s",
        "input_series": inputs,
        "promql_expr_test": [
            {"expr": expression, "eval_time": at, "exp_samples": [{"labels": "{}", "value": 1}] if fires else []}
        ],
    }
    (specification,) = (
        found for found in parse((SPECS / f"{rules}.yaml").read_bytes(), rules) if found.name == objective
    )
    of_one = folder / "rules.yaml"
    of_one.write_text(render_rule_file([generate(specification)]))
    content = {"rule_files": [str(of_one)], "evaluation_interval": "1m", "tests": [test]}
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump(content))
    promtool(monitoring, "test", "rules", file)


# An objective of 99.9 %: the fast page fires above 1.44 % over an hour.
ORDERS = ("sloth-orders", "orders-availability")
# 99 % over a week: above 14.4 % over 14 minutes.
SLOW = ("pyrra-all", "checkout-latency")
# 99 % over two days: above 5.76 % over 10 minutes.
PROBES = ("pyrra-all", "probes")
# 99.9 % and a burn rate of 14.4 over one hour alone.
SHOP = ("openslo-shop", "shop-availability-internal")
# 99 % of slices with more than 95 % of good requests: above 14.4 % bad ones.
SLICES = ("openslo-shop", "shop-slices")
# 99 % of time with 99 of 100 requests within half a second.
QUANTILE = ("openslo-shop", "shop-latency")
QUEUE = ("openslo-shop", "shop-latency-slices")
RAW = ("openslo-shop", "shop-ratio-slices")
PODS = ("openslo-shop", "shop-pods")
LABELS = 'job="checkout",handler="/"'
REGION = 'region="a"'
READY, WANTED = "kube_deployment_status_replicas_ready", "kube_deployment_spec_replicas"


@pytest.mark.parametrize(
    ("which", "inputs", "at", "fires"),
    [
        pytest.param(ORDERS, requests("orders_requests_total", 980, 20), "70m", True, id="increase: above"),
        pytest.param(ORDERS, requests("orders_requests_total", 9999, 1), "70m", False, id="increase: below"),
        pytest.param(SLOW, histogram("checkout_seconds", LABELS, 80, 20, "1"), "30m", True, id="latency: above"),
        pytest.param(SLOW, histogram("checkout_seconds", LABELS, 80, 20, "1.0"), "30m", True, id="latency: 1.0"),
        pytest.param(SLOW, histogram("checkout_seconds", LABELS, 1000, 0, "1"), "30m", False, id="latency: fast"),
        pytest.param(SLOW, histogram("checkout_seconds", LABELS, 0, 100, "2"), "30m", False, id="latency: no bucket"),
        pytest.param(PROBES, series(**{'probe_success{service="a",target="x"}': f"0{HOURS}"}), "15m", True, id="down"),
        pytest.param(
            PROBES,
            series(
                **{
                    'probe_success{service="a",target="x"}': f"1{HOURS}",
                    'probe_success{service="b",target="x"}': f"1x100 0{HOURS}",
                }
            ),
            "40m",
            True,
            id="one service of two is down",
        ),
        pytest.param(PROBES, series(**{'probe_success{service="a",target="x"}': f"1{HOURS}"}), "15m", False, id="up"),
        pytest.param(SHOP, requests("shop_requests_total", 980, 20), "70m", True, id="policy: above"),
        pytest.param(SHOP, requests("shop_requests_total", 9999, 1), "70m", False, id="policy: below"),
        # Six per cent of failures: each slice is bad, although that is a burn rate of six.
        pytest.param(SLICES, requests("shop_requests_total", 94, 6), "70m", True, id="slices: bad"),
        pytest.param(SLICES, requests("shop_requests_total", 96, 4), "70m", False, id="slices: good"),
        pytest.param(SLICES, requests("shop_requests_total", 0, 0), "70m", False, id="slices: no traffic"),
        pytest.param(QUANTILE, histogram("shop_seconds", REGION, 80, 20, "0.6"), "40m", True, id="quantile: slow"),
        pytest.param(QUANTILE, histogram("shop_seconds", REGION, 100, 0, "0.4"), "40m", False, id="quantile: fast"),
        pytest.param(QUANTILE, histogram("shop_seconds", REGION, 0, 0, "0.4"), "40m", False, id="quantile: NaN"),
        pytest.param(QUEUE, series(shop_queue_seconds=f"31{HOURS}"), "70m", True, id="values: above"),
        pytest.param(QUEUE, series(shop_queue_seconds=f"29{HOURS}"), "70m", False, id="values: below"),
        pytest.param(RAW, series(**{"shop:success:ratio": f"0.8{HOURS}"}), "70m", True, id="raw: bad"),
        pytest.param(RAW, series(**{"shop:success:ratio": f"0.9999{HOURS}"}), "70m", False, id="raw: good"),
        pytest.param(PODS, series(**{READY: f"1{HOURS}", WANTED: f"4{HOURS}"}), "110m", True, id="gauges: bad"),
        pytest.param(PODS, series(**{READY: f"4{HOURS}", WANTED: f"4{HOURS}"}), "110m", False, id="gauges: good"),
        pytest.param(PODS, [], "110m", False, id="nothing is known"),
    ],
)
def test_alerts(
    monitoring: MonitoringBinaries,
    tmp_path: Path,
    which: tuple[str, str],
    inputs: list[dict[str, str]],
    at: str,
    fires: bool,
) -> None:
    judge(monitoring, tmp_path, *which, inputs, at, fires=fires)
