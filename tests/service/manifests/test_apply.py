"""What is shipped applies to a real API server, as README.md says it is installed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.cluster import ControlPlane

ROOT = Path(__file__).parents[3]
OPERATOR_CRDS = ROOT.parent / "shared/crds"
NAMED = ("prometheusrules", "servicemonitors")


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(progress=print, scheduler=False) as plane:
        plane.kubectl("apply", "-k", str(ROOT / "manifests/base"))
        plane.kubectl("create", "namespace", "shop")
        yield plane


def test_base_is_complete_and_settled(plane: ControlPlane) -> None:
    again = plane.kubectl("apply", "-k", str(ROOT / "manifests/base"), "--dry-run=server")
    assert all(line.endswith("unchanged (server dry run)") for line in again.splitlines()), again


def test_the_namespaced_variant_is_complete_and_settled(plane: ControlPlane) -> None:
    variant = str(ROOT / "manifests/namespaced")
    plane.kubectl("apply", "-k", variant)
    again = plane.kubectl("apply", "-k", variant, "--dry-run=server")
    assert all(line.endswith("unchanged (server dry run)") for line in again.splitlines()), again


def test_rules_sync_is_complete_and_settled(plane: ControlPlane) -> None:
    variant = str(ROOT / "manifests/rules-sync")
    plane.kubectl("apply", "-k", variant)
    again = plane.kubectl("apply", "-k", variant, "--dry-run=server")
    assert all(line.endswith("unchanged (server dry run)") for line in again.splitlines()), again
    plane.kubectl("wait", "--for=condition=Established", "crd/servicelevelobjectives.metricops.dev", "--timeout=30s")
    for name in ("slo", "rule"):
        plane.kubectl("apply", "-n", "shop", "-f", str(ROOT / f"examples/{name}.yaml"))
    columns = plane.kubectl("get", "slo", "-n", "shop").splitlines()[0].split()
    assert columns == ["NAME", "SERVICE", "OBJECTIVE", "WINDOW", "LOADED", "REASON", "AGE"]


def test_the_printer_columns_are_there(plane: ControlPlane) -> None:
    assert plane.kubectl("get", "rb", "-A", "-o", "wide") == ""


def test_monitoring_and_generated_rules(plane: ControlPlane) -> None:
    files = [OPERATOR_CRDS / f"monitoring.coreos.com_{name}.yaml" for name in NAMED]
    if not all(file.is_file() for file in files):
        pytest.skip(f"the prometheus-operator's CRDs are not in {OPERATOR_CRDS}")
    for file in files:
        plane.kubectl("create", "-f", str(file))
    for name in NAMED:
        plane.kubectl("wait", "--for=condition=Established", f"crd/{name}.monitoring.coreos.com", "--timeout=30s")
    plane.kubectl("apply", "-k", str(ROOT / "manifests/monitoring"))
    again = plane.kubectl("apply", "-k", str(ROOT / "manifests/monitoring"), "--dry-run=server")
    assert all(line.endswith("unchanged (server dry run)") for line in again.splitlines()), again

    examples = [str(ROOT / "examples" / name) for name in ("slo.yaml", "rule.yaml")]
    command = [sys.executable, "-m", "cli.main", "rules", "generate", *examples]
    generated = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert plane.kubectl("apply", "-f", "-", stdin=generated).count("created") == 2
