"""People are told that an SLI's series are gone, in promtool's virtual time; no traffic is no absence."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rules.generate import generate
from rules.parse import parse
from rules.render import render_rule_file
from sandbox.debian import MonitoringBinaries
from tests.service.rules.test_promtool import promtool, skip_without_native_histograms

SHOP = 'namespace="shop",deployment="shop",pod="a"'
SLO = """
apiVersion: metricops.dev/v1
kind: ServiceLevelObjective
metadata: {name: shop}
spec:
  service: shop
  workload: {namespace: shop, deployment: shop}
  objective: 99
  window: 30d
  indicator:
    INDICATOR
  alerting: {absent: 10m}
"""
ERRORS = 'errorsOverTotal: {errors: "rate(e[$window])", total: "rate(t[$window])"}'
GOOD = 'goodOverTotal: {good: "rate(g[$window])", total: "rate(t[$window])"}'
LATENCY = "latency: {buckets: d_bucket, threshold: 0.3}"
NATIVE = "latency: {histogram: d, threshold: 0.3}"
GAUGE = "booleanGauge: {metric: up}"
RAW = 'raw: {errorRatio: "avg_over_time(r[$window])"}'


def buckets(*bounds: str, values: str) -> dict[str, str]:
    return {f'd_bucket{{{SHOP},le="{bound}"}}': values for bound in bounds}


GONE = "0+9x20 stale"
IDLE = "7x200"


@pytest.mark.parametrize(
    ("indicator", "series", "told"),
    [
        pytest.param(ERRORS, {}, True, id="no series at all"),
        pytest.param(ERRORS, {f"t{{{SHOP}}}": GONE}, True, id="they have gone"),
        pytest.param(ERRORS, {f"t{{{SHOP}}}": IDLE}, False, id="no traffic"),
        pytest.param(ERRORS, {f"e{{{SHOP}}}": "0+9x200"}, True, id="errors without events"),
        pytest.param(GOOD, {f"t{{{SHOP}}}": "0+9x200"}, False, id="nothing good yet"),
        pytest.param(LATENCY, buckets("0.3", "+Inf", values=IDLE), False, id="no traffic in a histogram"),
        pytest.param(LATENCY, buckets("0.5", "+Inf", values="0+9x200"), True, id="a bound that is none"),
        pytest.param(NATIVE, {}, True, id="no native histogram"),
        pytest.param(NATIVE, {f"d{{{SHOP}}}": "{{schema:0 count:3 sum:1 buckets:[3]}}x200"}, False, id="an idle one"),
        pytest.param(GAUGE, {f"up{{{SHOP}}}": "0x200"}, False, id="a gauge that is bad"),
        pytest.param(GAUGE, {f"up{{{SHOP}}}": "1x20 stale"}, True, id="a gauge that has gone"),
        pytest.param(RAW, {f"r{{{SHOP}}}": "0x200"}, False, id="a ratio"),
        pytest.param(RAW, {f"r{{{SHOP}}}": "0x20 stale"}, True, id="a ratio that has gone"),
    ],
)
def test_absence(
    monitoring: MonitoringBinaries, tmp_path: Path, indicator: str, series: dict[str, str], told: bool
) -> None:
    skip_without_native_histograms(monitoring, series)
    specifications = parse(SLO.replace("INDICATOR", indicator).encode(), "slo.yaml")
    (tmp_path / "rules.yaml").write_text(render_rule_file(map(generate, specifications)))
    labels = (
        'ALERTS{alertname="SliAbsent",alertstate="firing",deployment="shop",namespace="shop",service="shop",'
        'severity="ticket",slo="shop"}'
    )
    test = {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {"expr": 'ALERTS{alertname="SliAbsent",alertstate="firing"}', "eval_time": "9m", "exp_samples": []},
            {
                "expr": 'ALERTS{alertname="SliAbsent",alertstate="firing"}',
                "eval_time": "45m",
                "exp_samples": [{"labels": labels, "value": 1}] if told else [],
            },
            # Whatever is gone, nobody is blamed; but that nothing is good yet is no absence.
            {
                "expr": f'count(count_over_time(ALERTS{{metricops="undo"}}[45m])) > {int(indicator == GOOD)}',
                "eval_time": "45m",
                "exp_samples": [],
            },
        ],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": "15s", "tests": [test]}))
    promtool(monitoring, "test", "rules", file)
