"""Each shipped alert, in promtool's virtual time: data with which it fires, and data with which it does not."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.debian import MonitoringBinaries
from tests.unit.monitoring.test_names import RULES

RESTORED = 'metricops_workload_restored{namespace="prod",kind="Deployment",name="shop",rollback="r"}'
EXPIRY = "metricops_admission_certificate_expiry_timestamp_seconds"
CASES: list[tuple[str, str, str, bool]] = [
    # alert, series, values, whether it fires after ten minutes
    ("MetricOpsRollback", 'metricops_rollbacks_total{phase="Undoing"}', "0x30 1x30", True),
    ("MetricOpsRollback", 'metricops_rollbacks_total{phase="Undoing"}', "3x60", False),
    ("MetricOpsRollback", 'metricops_rollbacks_total{phase="DryRun"}', "0x30 1x30", False),
    ("MetricOpsRestoredRevision", RESTORED, "1x60", True),
    ("MetricOpsRestoredRevision", RESTORED, "0x60", False),
    ("MetricOpsRestoredRevision", RESTORED, "_x25 1x35", False),
    ("MetricOpsNotRecovered", 'metricops_rollbacks_total{phase="NotRecovered"}', "0x30 1x30", True),
    ("MetricOpsNotRecovered", 'metricops_rollbacks_total{phase="Contested"}', "0x30 1x30", True),
    ("MetricOpsNotRecovered", 'metricops_rollbacks_total{phase="Recovered"}', "0x30 1x30", False),
    ("MetricOpsUndoFailed", 'metricops_rollbacks_total{phase="Failed"}', "0x30 1x30", True),
    ("MetricOpsUndoFailed", 'metricops_rollbacks_total{phase="Failed"}', "2x60", False),
    ("MetricOpsDeliveriesRefused", 'metricops_deliveries_total{format="other",outcome="refused"}', "0x20 1x40", True),
    (
        "MetricOpsDeliveriesRefused",
        'metricops_deliveries_total{format="alertmanager",outcome="retry"}',
        "0x20 1x40",
        True,
    ),
    (
        "MetricOpsDeliveriesRefused",
        'metricops_deliveries_total{format="alertmanager",outcome="accepted"}',
        "0+1x60",
        False,
    ),
    (
        "MetricOpsDeliveriesRefused",
        'metricops_deliveries_total{format="alertmanager",outcome="overload"}',
        "0x20 1x40",
        True,
    ),
    ("MetricOpsAwaitingApproval", 'metricops_rollbacks_current{phase="AwaitingApproval"}', "0x30 1x30", True),
    ("MetricOpsAwaitingApproval", 'metricops_rollbacks_current{phase="AwaitingApproval"}', "1x30 0x30", False),
    ("MetricOpsLeftToAPerson", 'metricops_decisions_total{reason="fired-while-stopped"}', "0x30 1x30", True),
    ("MetricOpsLeftToAPerson", 'metricops_decisions_total{reason="before-rollout"}', "0x30 1x30", False),
    ("MetricOpsAlertNotTrue", 'metricops_decisions_total{reason="not-true"}', "0x30 1x30", True),
    ("MetricOpsAlertNotTrue", 'metricops_decisions_total{reason="not-true"}', "4x60", False),
    ("MetricOpsSourceDown", 'metricops_source_up{source="alertmanager"}', "0x60", True),
    ("MetricOpsSourceDown", 'metricops_source_up{source="prometheus"}', "1x60", False),
    ("MetricOpsSourceDown", 'metricops_source_up{source="prometheus"}', "1x25 0x35", False),
    ("MetricOpsAdmissionCertificate", EXPIRY, "345700x60", True),
    ("MetricOpsAdmissionCertificate", EXPIRY, "0x60", True),
    ("MetricOpsAdmissionCertificate", EXPIRY, "864000x60", False),
    ("MetricOpsAdmissionNotBelieved", "metricops_admission_ca_published", "0x60", True),
    ("MetricOpsAdmissionNotBelieved", "metricops_admission_ca_published", "1x60", False),
    ("MetricOpsReceiverAbsent", "something_else", "1x60", True),
    ("MetricOpsReceiverAbsent", 'metricops_decisions_total{reason="undo"}', "0x60", False),
]


@pytest.mark.parametrize(("alert", "series", "values", "fires"), CASES)
def test_alert(
    monitoring: MonitoringBinaries, tmp_path: Path, alert: str, series: str, values: str, fires: bool
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(yaml.safe_dump(yaml.safe_load(RULES.read_text())["spec"]))
    query = f'count(ALERTS{{alertstate="firing",alertname="{alert}"}}) or vector(0)'
    expected = [{"labels": "{}", "value": int(fires)}]
    content: dict[str, Any] = {
        "rule_files": [str(rules)],
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "15s",
                "input_series": [{"series": series, "values": values}],
                "promql_expr_test": [{"expr": query, "eval_time": "10m", "exp_samples": expected}],
            }
        ],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump(content))
    answer = subprocess.run([monitoring.promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_alert_has_both_cases() -> None:
    names = {rule["alert"] for group in yaml.safe_load(RULES.read_text())["spec"]["groups"] for rule in group["rules"]}
    for fires in (True, False):
        assert {case[0] for case in CASES if case[3] is fires} == names
