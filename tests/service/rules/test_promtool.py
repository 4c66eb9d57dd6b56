"""Real promtool on what is generated: it accepts it, and in its virtual time the alerts fire when they should."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.debian import MonitoringBinaries
from tests.unit.rules.test_generate import GOLDEN

RULE_FILES = sorted(GOLDEN.glob("*.rules.yaml"))
LABELS = 'namespace="shop",deployment="shop"'


def promtool(monitoring: MonitoringBinaries, *arguments: str | Path) -> str:
    answer = subprocess.run([monitoring.promtool, *arguments], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def skip_without_native_histograms(monitoring: MonitoringBinaries, series: object) -> None:
    """promtool 2.42 knows their functions, but its tests have no way to write one down."""
    if monitoring.prometheus_version.startswith("2.42") and "{{schema" in str(series):
        pytest.skip("promtool 2.42 can't be given native histograms")


@pytest.mark.parametrize("file", RULE_FILES, ids=lambda file: file.stem)
def test_promtool_accepts_it(monitoring: MonitoringBinaries, file: Path) -> None:
    assert "SUCCESS" in promtool(monitoring, "check", "rules", file)


def series(good: str, bad: str | None) -> list[dict[str, str]]:
    """Two pods' counters; `bad` None leaves the error series out altogether."""
    found = []
    for pod in ("a", "b"):
        found.append({"series": f'http_request_total{{{LABELS},pod="{pod}",code="200"}}', "values": good})
        if bad is not None:
            found.append({"series": f'http_request_total{{{LABELS},pod="{pod}",code="503"}}', "values": bad})
    return found


PAGE = {
    "namespace": "shop",
    "deployment": "shop",
    "slo": "shop-availability",
    "service": "shop",
    "severity": "page",
    "metricops": "undo",
    "long_window": "1h",
}


def run(
    monitoring: MonitoringBinaries,
    folder: Path,
    inputs: list[dict[str, str]],
    *,
    at: str,
    firing: bool,
    rules: str = "slo",
) -> None:
    """Assert with promtool whether the alert that may undo fires at a moment."""
    expression = f'ALERTS{{alertstate="firing",metricops="undo",{LABELS}}}'
    labels = ",".join(f'{key}="{value}"' for key, value in {**PAGE, "alertname": "ErrorBudgetBurn"}.items())
    sample = {"labels": f'ALERTS{{alertstate="firing",{labels}}}', "value": 1}
    test: dict[str, Any] = {
        "interval": "15s",
        "input_series": inputs,
        "promql_expr_test": [{"expr": expression, "eval_time": at, "exp_samples": [sample] if firing else []}],
    }
    file = folder / "test.yaml"
    content = {"rule_files": [str(GOLDEN / f"{rules}.rules.yaml")], "evaluation_interval": "15s", "tests": [test]}
    file.write_text(yaml.safe_dump(content))
    promtool(monitoring, "test", "rules", file)


# Objective 99.5 %, factor 14.4: the alert fires above an error ratio of 7.2 % over 1 h and over 5 m.
ABOVE, BELOW = series("0+926x480", "0+74x480"), series("0+930x480", "0+70x480")


@pytest.mark.parametrize(
    ("inputs", "at", "firing"),
    [
        pytest.param(ABOVE, "65m", True, id="just above the factor"),
        pytest.param(BELOW, "65m", False, id="just below the factor"),
        pytest.param(series("0+1000x480", None), "65m", False, id="no error series yet"),
        pytest.param(series("0+1000x480", "0x480"), "65m", False, id="no errors"),
        pytest.param(series("0x480", "0x480"), "65m", False, id="no traffic"),
        pytest.param(series("_x480", "_x480"), "65m", False, id="no samples"),
        pytest.param([], "65m", False, id="no series at all"),
        pytest.param(series("0x480", "0+10x480"), "10m", True, id="nothing but errors"),
        # Two pods with one failure each in the hour: a ratio of 100 %, but two events.
        pytest.param(series("0x480", "0x200 1x280"), "52m", False, id="fewer errors than the minimum"),
        pytest.param(series("0+1000x240 240000+926x240", "0x240 0+74x240"), "61m", False, id="the hour is still good"),
        pytest.param(series("0+1000x480", "0+300x200 60000x280"), "60m", False, id="the last minutes are good again"),
        pytest.param(series("0+100x240 0+100x240", "0+20x240 0+20x240"), "65m", True, id="counters start anew"),
    ],
)
def test_the_page_that_may_undo(
    monitoring: MonitoringBinaries, tmp_path: Path, inputs: list[dict[str, str]], at: str, firing: bool
) -> None:
    run(monitoring, tmp_path, inputs, at=at, firing=firing)
