"""Specifications from the field: they stand beside the project, not in it, so tests skip where they are missing."""

from __future__ import annotations

from pathlib import Path

from rules.durations import parse_duration
from rules.foreign.catalogue import read_catalogues
from rules.foreign.context import DEFAULTS, Settings

FIELD = Path(__file__).parents[5] / "shared/slo-examples"
"""Beside the root of the project."""
GOLDEN = Path(__file__).parents[1] / "golden/foreign"

SPECS = Path(__file__).parent / "specs"
"""Our own of each format."""
CATALOGUE = "7d.yaml"


def field_examples() -> list[Path]:
    """Those that are accepted and hold objectives."""
    files = [file for tool in ("sloth", "pyrra") for file in (FIELD / tool).glob("*.y*ml")]
    return sorted(file for file in files if file.name != CATALOGUE)


def settings_for_a_week() -> Settings:
    """With the windows that the field's catalogue gives for 7 days."""
    catalogue = FIELD / "sloth" / CATALOGUE
    windows = read_catalogues({CATALOGUE: catalogue.read_bytes()})
    return Settings(parse_duration("7d"), DEFAULTS.workloads, windows)
