"""A workload's own namespace is told, also where the scrape moved it aside.

Prometheus keeps the target's `namespace` (the receiver's) and moves the metric's to `exported_namespace`, unless the
scrape honours labels.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.debian import MonitoringBinaries
from tests.dashboard import expressions
from tests.unit.monitoring.test_names import RULES

SCRAPES = {
    "moved aside": 'namespace="metricops-system",exported_namespace="{namespace}"',
    "honoured": 'namespace="{namespace}"',
}


def restored(scrape: str) -> list[dict[str, str]]:
    """Two workloads of one name in two namespaces, each seen by two receivers."""
    return [
        {
            "series": f"metricops_workload_restored{{{SCRAPES[scrape].format(namespace=namespace)},"
            f'kind="Deployment",name="shop",rollback="of-{namespace}",pod="{pod}"}}',
            "values": "1x60",
        }
        for namespace in ("prod", "staging")
        for pod in ("a", "b")
    ]


def promtool(monitoring: MonitoringBinaries, folder: Path, scrape: str, **expected: Any) -> None:
    rules = folder / "rules.yaml"
    rules.write_text(yaml.safe_dump(yaml.safe_load(RULES.read_text())["spec"]))
    content = {
        "rule_files": [str(rules)],
        "evaluation_interval": "15s",
        "tests": [{"interval": "15s", "input_series": restored(scrape), **expected}],
    }
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump(content))
    answer = subprocess.run([monitoring.promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("scrape", SCRAPES)
def test_the_alert_names_the_workloads_namespace(monitoring: MonitoringBinaries, tmp_path: Path, scrape: str) -> None:
    firing = [
        {
            "exp_labels": {
                "severity": "warning",
                "namespace": namespace,
                "kind": "Deployment",
                "name": "shop",
                "rollback": f"of-{namespace}",
            },
            "exp_annotations": {
                "summary": f"Deployment {namespace}/shop does not run what was released.",
                "description": f"Rollback of-{namespace} brought an earlier revision back. Deploy a fixed release.",
            },
        }
        for namespace in ("prod", "staging")
    ]
    case = {"eval_time": "10m", "alertname": "MetricOpsRestoredRevision", "exp_alerts": firing}
    promtool(monitoring, tmp_path, scrape, alert_rule_test=[case])


@pytest.mark.parametrize("scrape", SCRAPES)
def test_the_dashboard_tells_them_apart(monitoring: MonitoringBinaries, tmp_path: Path, scrape: str) -> None:
    asked = [expression for _, expression in expressions() if "metricops_workload_restored" in expression]
    listed = [
        {
            "labels": f'{{kind="Deployment",name="shop",namespace="{namespace}",rollback="of-{namespace}"}}',
            "value": 1,
        }
        for namespace in ("prod", "staging")
    ]
    cases = [
        {
            "expr": expression,
            "eval_time": "10m",
            "exp_samples": [{"labels": "{}", "value": 2}] if re.match(r"sum\(", expression) else listed,
        }
        for expression in asked
    ]
    assert len(cases) == 2
    promtool(monitoring, tmp_path, scrape, promql_expr_test=cases)
