"""Real amtool on what is shipped."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

from sandbox.debian import MonitoringBinaries

FOLDER = Path(__file__).parents[3] / "alertmanager"
COMPLETE = FOLDER / "alertmanager.yml"


def amtool(monitoring: MonitoringBinaries, *arguments: str | Path) -> str:
    answer = subprocess.run([monitoring.amtool, *arguments], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout.strip()


def receivers(monitoring: MonitoringBinaries, config: Path, *labels: str) -> str:
    return amtool(monitoring, "config", "routes", "test", "--config.file", config, *labels)


def test_the_complete_configuration(monitoring: MonitoringBinaries) -> None:
    assert "SUCCESS" in amtool(monitoring, "check-config", COMPLETE)
    assert receivers(monitoring, COMPLETE, "metricops=undo", "deployment=shop") == "metricops,people"
    assert receivers(monitoring, COMPLETE, "alertname=Watchdog") == "people"
    assert receivers(monitoring, COMPLETE, "metricops=other") == "people"


def test_the_fragment_in_a_configuration_that_exists(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    existing = {
        "route": {"receiver": "default", "routes": [{"receiver": "pager", "matchers": ['severity="page"']}]},
        "receivers": [{"name": "default"}, {"name": "pager"}],
    }
    fragment = yaml.safe_load((FOLDER / "route-fragment.yml").read_text())
    existing["route"]["routes"] = fragment["route"]["routes"] + existing["route"]["routes"]  # type: ignore[index]
    existing["receivers"] = fragment["receivers"] + existing["receivers"]
    merged = tmp_path / "alertmanager.yml"
    merged.write_text(yaml.safe_dump(existing))
    assert "SUCCESS" in amtool(monitoring, "check-config", merged)
    assert receivers(monitoring, merged, "metricops=undo", "severity=page") == "metricops,pager"
    assert receivers(monitoring, merged, "severity=page") == "pager"


def test_both_files_say_the_same() -> None:
    complete = yaml.safe_load(COMPLETE.read_text())
    fragment = yaml.safe_load((FOLDER / "route-fragment.yml").read_text())
    assert fragment["route"]["routes"][0] == complete["route"]["routes"][0]
    assert fragment["receivers"][0] in complete["receivers"]
