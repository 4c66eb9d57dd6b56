"""Real promtool accepts what is generated of other tools' specifications."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from sandbox.debian import MonitoringBinaries
from tests.service.rules.test_promtool import promtool
from tests.unit.rules.foreign.examples import GOLDEN
from tests.unit.rules.templates import BAD, GOOD


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.rules.yaml")), ids=lambda file: file.stem)
def test_promtool_accepts_it(monitoring: MonitoringBinaries, file: Path) -> None:
    assert "SUCCESS" in promtool(monitoring, "check", "rules", file)


def test_templates_are_judged_as_promtool_does(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    answer = check(monitoring, tmp_path, BAD)
    assert [text for number, text in enumerate(BAD) if f'"A{number}"' not in answer] == []
    assert "SUCCESS" in check(monitoring, tmp_path, GOOD)


def check(monitoring: MonitoringBinaries, folder: Path, texts: list[str]) -> str:
    """What promtool says of rules with these annotations: rule A0 has the first of them."""
    rules = [{"alert": f"A{number}", "expr": "up", "annotations": {"x": text}} for number, text in enumerate(texts)]
    file = folder / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": rules}]}))
    answer = subprocess.run([monitoring.promtool, "check", "rules", file], capture_output=True, text=True, check=False)
    return answer.stdout + answer.stderr
