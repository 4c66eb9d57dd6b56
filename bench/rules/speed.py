"""How long sloth and we take to make the rules of many objectives, each as its users call it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.figures import median
from bench.rules.sloth import Sloth
from bench.rules.synthetic import objectives
from sandbox.cache import Progress


@dataclass(frozen=True, slots=True)
class Speed:
    """Medians, in seconds: by the clock, and of processor time."""

    clock: float
    processor: float


def speeds(count: int, repetitions: int, sloth: Sloth, folder: Path, progress: Progress) -> dict[str, Speed]:
    """Both sides read the same file and write the rules to another one, in turns."""
    specification = folder / "slos.yml"
    specification.write_text(objectives(count))
    commands = {
        "sloth": sloth.command(specification, folder / "sloth.yml"),
        "metricops": [
            *(sys.executable, "-m", "cli.main", "rules", "generate", "--format", "prometheus"),
            *("--output", str(folder / "metricops.yml"), str(specification)),
        ],
    }
    found: dict[str, list[tuple[float, float]]] = {side: [] for side in commands}
    progress(f"making the rules of {count} objectives {repetitions} times by sloth {sloth.version} and by metricops")
    for _ in range(repetitions):
        for side, command in commands.items():
            found[side].append(_timed(command))
    return {
        side: Speed(median([clock for clock, _ in times]), median([processor for _, processor in times]))
        for side, times in found.items()
    }


def _timed(command: list[str]) -> tuple[float, float]:
    """Seconds by the clock and of processor time. Raises `CalledProcessError`."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    clock = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return clock, used.ru_utime + used.ru_stime
