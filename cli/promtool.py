"""Prometheus' own promtool, run on files that are made for it."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

LONGEST_RUN = 600
"""Seconds for the tests of one specification, which take a few."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What promtool said (both streams), and whether all was as expected."""

    output: str
    passed: bool


def find_promtool(given: Path | None) -> Path:
    """The promtool that was named, else the one on PATH; ends the command with exit code 2 where there is none."""
    if given is not None:
        return given.resolve()
    found = shutil.which("promtool")
    if found is None:
        raise click.UsageError("promtool is not on PATH; it comes with Prometheus, or say --promtool FILE")
    return Path(found)


def run_tests(promtool: Path, files: Mapping[str, str], tests: list[str]) -> Answer:
    """Run `promtool test rules` on some of the files, which stand in a folder of their own, by name."""
    with tempfile.TemporaryDirectory(prefix="metricops-") as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        try:
            done = subprocess.run(
                [promtool, "test", "rules", *tests],
                cwd=folder,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=LONGEST_RUN,
            )
        except subprocess.TimeoutExpired:
            return Answer(f"promtool was still running after {LONGEST_RUN} s", False)
        except OSError as error:
            raise click.UsageError(f"{promtool}: {error.strerror}") from error
    return Answer(done.stdout + done.stderr, done.returncode == 0)
