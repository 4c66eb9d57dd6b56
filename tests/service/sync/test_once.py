"""`metricops rules sync --once`: what it prints, and its exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.rules import rules_group
from sandbox.debian import MonitoringBinaries, monitoring_binaries
from sync.objects import OBJECTIVE
from tests.service.sync.conftest import Cluster, Server
from tests.service.sync.test_sync import BROKEN, GOOD, objective


@pytest.fixture(scope="session")
def monitoring() -> MonitoringBinaries:
    """One pair: nothing here depends on Prometheus' version."""
    return monitoring_binaries(progress=print)


def sync_once(
    kubeconfig: Path, cluster: Cluster, folder: Path, *options: str | Path
) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "cli.main",
        "rules",
        "sync",
        folder,
        "--once",
        "--kubeconfig",
        kubeconfig,
    ]
    return subprocess.run(
        [*command, "--namespace", cluster.namespace, *options], capture_output=True, text=True, check=False
    )


def test_all_in_force_then_one_rejected_then_no_prometheus(
    kubeconfig: Path, cluster: Cluster, prometheus: Server
) -> None:
    promtool = os.path.relpath(prometheus.binaries.promtool)
    given = ("--prometheus", prometheus.url, "--promtool", promtool)
    answer = sync_once(kubeconfig, cluster, prometheus.rules, *given)
    assert (answer.returncode, answer.stdout) == (0, "No rule objects.\n")

    cluster.rule("web", GOOD)
    cluster.write(OBJECTIVE, "slo", objective(cluster.namespace))
    answer = sync_once(kubeconfig, cluster, prometheus.rules, *given)
    assert answer.returncode == 0, answer.stderr
    lines = answer.stdout.splitlines()
    assert lines[0].split() == ["KIND", "NAMESPACE", "NAME", "LOADED", "REASON", "MESSAGE"]
    assert lines[1].split()[:5] == ["PrometheusRule", cluster.namespace, "web", "True", "Loaded"]
    assert GOOD in prometheus.expressions()
    assert cluster.loaded("slo")["status"] == "True"

    cluster.rule("bad", BROKEN)
    answer = sync_once(kubeconfig, cluster, prometheus.rules, *given, "--output", "json")
    assert answer.returncode == 3
    said = json.loads(answer.stdout)
    assert said["problem"] is None
    assert {one["name"]: one["reason"] for one in said["objects"]} == {
        "bad": "Invalid",
        "slo": "Loaded",
        "web": "Loaded",
    }

    prometheus.process.stop()
    answer = sync_once(kubeconfig, cluster, prometheus.rules, *given)
    assert answer.returncode == 1
    assert "does not answer" in answer.stderr


def test_without_prometheus_files_are_only_written(kubeconfig: Path, cluster: Cluster, tmp_path: Path) -> None:
    cluster.rule("web", GOOD)
    cluster.rule("bad", BROKEN)
    answer = sync_once(kubeconfig, cluster, tmp_path)
    assert answer.returncode == 3
    assert "Written" in answer.stdout
    (file,) = tmp_path.glob("*.yml")
    assert GOOD in file.read_text()


def test_an_api_server_that_can_not_be_reached(kubeconfig: Path, cluster: Cluster, tmp_path: Path) -> None:
    nowhere = tmp_path / "kubeconfig"
    nowhere.write_text(re.sub(r"https://127.0.0.1:\d+", "https://127.0.0.1:1", kubeconfig.read_text()))
    folder = tmp_path / "rules"
    folder.mkdir()
    answer = sync_once(nowhere, cluster, folder)
    assert answer.returncode == 1
    assert "cannot read the rule objects" in answer.stderr


@pytest.mark.parametrize("arguments", [[], ["/nowhere"], [".", "--resync", "0s"], [".", "--resync", "often"]])
def test_usage_errors(arguments: list[str]) -> None:
    assert CliRunner().invoke(rules_group, ["sync", *arguments]).exit_code == 2
