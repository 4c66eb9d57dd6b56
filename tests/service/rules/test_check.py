"""`metricops rules check --prometheus`: against the series of a real Prometheus."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import main
from rules.lints import ALL_LINTS
from sandbox.debian import MonitoringBinaries
from sandbox.process import wait_until
from tests.service.prometheus.backfilled import Backfilled, Counter, Gauge, backfilled

LABELS = {"namespace": "prod", "deployment": "shop"}
SERIES = [
    Counter("http_request_total", {**LABELS, "code": "200"}, lambda _: 9.0),
    Counter("http_request_total", {**LABELS, "code": "500"}, lambda second: 1.0 if second in range(-900, -600) else 0),
    Gauge("queue_length", {"namespace": "prod", "app": "shop"}, lambda _: 5),
    Gauge("queue_length", {**LABELS, "queue": "b"}, lambda _: 5),
    Gauge("batch_age", {"namespace": "prod"}, lambda _: 5),
    Gauge("pod_info", {**LABELS, "pod": "a"}, lambda _: 1),
    Gauge("pod_restarts", {"pod": "a"}, lambda _: 1),
]


@pytest.fixture(scope="module")
def prometheus(monitoring: MonitoringBinaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backfilled]:
    folder = tmp_path_factory.mktemp("checked")
    with backfilled(monitoring, folder, SERIES, []) as found:
        (folder / "any.yml").write_text("groups: [{name: g, rules: [{alert: A, expr: pod_info > 1}]}]")
        wait_until(lambda: check(found.url, folder / "any.yml")[0] == 0, 30, "it answers")
        yield found


def check(url: str, *arguments: Any) -> tuple[int, dict[str, Any]]:
    """The exit code, and what was found."""
    fixed = ["--prometheus", url, "--days", "1", "--step", "15s", "--output", "json"]
    result = CliRunner().invoke(main, ["rules", "check", *fixed, *map(str, arguments)])
    return result.exit_code, json.loads(result.stdout) if result.exit_code != 2 else {}


def findings(url: str, folder: Path, text: str) -> list[tuple[str, str, str]]:
    (folder / "file.yml").write_text(text)
    _, found = check(url, folder / "file.yml")
    return [(one["severity"], one["check"], one["message"]) for one in found["findings"]]


def of_alert(url: str, folder: Path, expression: str, labels: str = "{metricops: undo}") -> list[tuple[str, str, str]]:
    """The findings for one raw rule that may undo, but for what its text alone makes worth a second thought."""
    rule = f"{{alert: A, expr: {json.dumps(expression)}, labels: {labels}}}"
    found = findings(url, folder, f"groups: [{{name: g, rules: [{rule}]}}]")
    return [one for one in found if one[1] not in ALL_LINTS]


def slo(selector: str, workload: str = "{namespace: prod, deployment: shop}") -> str:
    return f"""
apiVersion: metricops.dev/v1
kind: ServiceLevelObjective
metadata: {{name: shop}}
spec:
  service: shop
  workload: {workload}
  objective: 99
  window: 30d
  indicator:
    errorsOverTotal:
      errors: rate({selector.replace("}", ',code=~"5.."}')}[$window])
      total: rate({selector}[$window])
  alerting: {{windows: [{{severity: page, long: 2m, short: 30s, factor: 5}}]}}
"""


def test_an_objective_that_is_well(prometheus: Backfilled, tmp_path: Path) -> None:
    (tmp_path / "slo.yaml").write_text(slo('http_request_total{deployment="shop"}'))
    code, found = check(prometheus.url, tmp_path / "slo.yaml")
    assert (code, found["findings"]) == (0, [])
    (firing,) = found["firings"]
    # A tenth of the requests fail for five minutes, twice as many as the threshold allows.
    assert (firing["times"], firing["mayUndo"]) == (1, True)
    assert firing["longestSeconds"] == firing["totalSeconds"] == pytest.approx(260, abs=40)


def test_errors_that_have_not_happened_yet(prometheus: Backfilled, tmp_path: Path) -> None:
    text = slo('http_request_total{deployment="shop"}').replace("5..", "42.")
    found = findings(prometheus.url, tmp_path, text)
    assert [(severity, check) for severity, check, _ in found] == [("warning", "no-series")]
    assert found[0][2] == (
        'there are no series http_request_total{code=~"42.",deployment="shop"}: none of that name has code=~"42.", '
        "code is '200', '500'; that is well if there was none yet"
    )
    assert check(prometheus.url, tmp_path / "file.yml")[0] == 0
    assert check(prometheus.url, "--strict", tmp_path / "file.yml")[0] == 1


def test_failures_of_a_raw_rule_that_have_not_happened_yet(prometheus: Backfilled, tmp_path: Path) -> None:
    url = prometheus.url
    assert of_alert(url, tmp_path, 'rate(http_request_total{code=~"42."}[5m]) > 0')[0][:2] == ("warning", "no-series")
    assert of_alert(url, tmp_path, 'rate(http_request_total{code="420"}[5m]) > 0')[0][:2] == ("error", "no-series")
    # It selects some of what it selects elsewhere.
    both = 'rate(http_request_total[5m]) > 0 and rate(http_request_total{code="420"}[5m]) > 0'
    assert of_alert(url, tmp_path, both)[0][:2] == ("warning", "no-series")
    # What it compares has values all the same.
    guarded = '(failures{namespace="prod"} or 0 * max by (namespace, deployment) (pod_info)) > 0'
    assert of_alert(url, tmp_path, guarded)[0][:2] == ("warning", "no-series")


def test_a_name_that_nothing_has(prometheus: Backfilled, tmp_path: Path) -> None:
    found = findings(prometheus.url, tmp_path, slo('http_requests_total{deployment="shop"}'))
    assert ("error", "no-series") in {(severity, check) for severity, check, _ in found}
    assert any("none of that name at all (there is http_request_total)" in message for *_, message in found)
    assert check(prometheus.url, tmp_path / "file.yml")[0] == 1


def test_a_label_value_that_nothing_has(prometheus: Backfilled, tmp_path: Path) -> None:
    found = findings(prometheus.url, tmp_path, slo('http_request_total{deployment="shopp"}'))
    assert any("none of that name has deployment=\"shopp\", deployment is 'shop'" in message for *_, message in found)


def test_series_without_the_workloads_label(prometheus: Backfilled, tmp_path: Path) -> None:
    url = prometheus.url
    lacking = "the label deployment or statefulset or daemonset"
    assert of_alert(url, tmp_path, "batch_age > 9") == [
        ("error", "missing-label", f"no series of batch_age has {lacking}")
    ]
    assert of_alert(url, tmp_path, "queue_length > 9") == [
        ("warning", "missing-label", f"1 of 2 series of queue_length lack {lacking}")
    ]
    assert of_alert(url, tmp_path, "sum by (namespace, deployment) (batch_age) > 9") == [
        ("error", "missing-label", "no series of batch_age has the label deployment")
    ]
    # The rule names the workload itself, or takes the label from other series.
    itself = "{metricops: undo, namespace: prod, deployment: shop}"
    assert of_alert(url, tmp_path, "batch_age > 9", itself) == []
    joined = "pod_restarts * on (pod) group_left (namespace, deployment) pod_info > 9"
    assert of_alert(url, tmp_path, joined) == []
    # People are alerted without it, and what their alert is grouped by need not be there.
    assert of_alert(url, tmp_path, "batch_age > 9", "{}") == []
    assert of_alert(url, tmp_path, "sum by (zone) (batch_age) > 9", "{}")[0][:2] == ("warning", "missing-label")


def test_what_can_not_carry_the_label_is_found_without_data(prometheus: Backfilled, tmp_path: Path) -> None:
    found = of_alert(prometheus.url, tmp_path, "sum by (namespace) (pod_info) > 9")
    assert [check for _, check, _ in found] == ["workload-label"]


def test_a_rule_that_fails_and_one_that_always_fires(prometheus: Backfilled, tmp_path: Path) -> None:
    labels = "{metricops: undo, namespace: prod, deployment: shop}"
    failing = of_alert(prometheus.url, tmp_path, "http_request_total / on (namespace) http_request_total > 0", labels)
    assert [check for _, check, _ in failing] == ["rule-fails"]
    overwritten = of_alert(prometheus.url, tmp_path, "queue_length > 1", "{app: x, queue: x, deployment: x}")
    assert "several series give one alert" in overwritten[0][2]
    always = of_alert(prometheus.url, tmp_path, "vector(1)", labels)
    assert [(severity, check) for severity, check, _ in always] == [("warning", "fires-always")]


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "slo.yaml").write_text(slo('x{deployment="shop"}'))
    assert check("http://127.0.0.1:1", tmp_path / "slo.yaml")[0] == 2
