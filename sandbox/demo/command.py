"""The `metricops` command, as a user would type it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def metricops(*arguments: str | Path) -> str:
    """Run it and return what it printed. Raises `CalledProcessError` where it fails."""
    command = [sys.executable, "-m", "cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
