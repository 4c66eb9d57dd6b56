"""Real promtool accepts what is generated of other tools' specifications."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.debian import MonitoringBinaries
from tests.service.rules.test_promtool import promtool
from tests.unit.rules.foreign.examples import GOLDEN


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.rules.yaml")), ids=lambda file: file.stem)
def test_promtool_accepts_it(monitoring: MonitoringBinaries, file: Path) -> None:
    assert "SUCCESS" in promtool(monitoring, "check", "rules", file)
