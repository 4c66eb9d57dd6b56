"""A real Prometheus that already has a past: series written as blocks by promtool, and rules that fire on them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.debian import MonitoringBinaries
from sandbox.process import ManagedProcess
from tests.service.prometheus.running import running

STEP = 5
PAST = 1800
"""Seconds."""


@dataclass(frozen=True)
class Counter:
    """A counter whose growth per second is a function of the seconds before now (negative: -300 is 5 minutes ago).

    Where the growth is None the series does not exist.
    """

    name: str
    labels: dict[str, str]
    growth: Callable[[int], float | None]


@dataclass(frozen=True)
class Gauge(Counter):
    """A gauge; `growth` is its value."""


@dataclass(frozen=True)
class Backfilled:
    """Where it is, and the moment that its series call now."""

    url: str
    now: datetime
    process: ManagedProcess = field(repr=False)

    def at(self, seconds: int) -> datetime:
        """A moment by its distance from now."""
        return self.now + timedelta(seconds=seconds)


@contextmanager
def backfilled(
    monitoring: MonitoringBinaries,
    folder: Path,
    series: Sequence[Counter] | Callable[[int], Sequence[Counter]],
    rules: Sequence[dict[str, Any]],
    *flags: str,
) -> Iterator[Backfilled]:
    """Start a Prometheus that knows these series up to now and evaluates the rules every second.

    Where the series depend on what time it is, they are made of it, in Unix seconds.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    past = series(int(now.timestamp())) if callable(series) else series
    (folder / "series.txt").write_text("".join(_lines(past, int(now.timestamp()))) + "# EOF\n")
    make: list[str | Path] = [monitoring.promtool, "tsdb", "create-blocks-from", "openmetrics"]
    make += [folder / "series.txt", folder / "data"]
    subprocess.run(make, check=True, capture_output=True)
    with running(monitoring, folder, rules, flags) as started:
        yield Backfilled(started.url, now, started.process)


def _lines(series: Sequence[Counter], now: int) -> Iterator[str]:
    for name in sorted({one.name for one in series}):
        yield f"# TYPE {name} unknown\n"
        for one in series:
            if one.name != name:
                continue
            labels = ",".join(f'{key}="{value}"' for key, value in one.labels.items())
            value = 0.0
            for second in range(-PAST, STEP, STEP):
                growth = one.growth(second)
                if growth is None:
                    continue
                value = growth if isinstance(one, Gauge) else value + growth * STEP
                yield f"{name}{{{labels}}} {value} {now + second}\n"
