"""promtool's unit tests, made from the specification itself: steady burns around each factor, outages, silence.

Time runs in steps of a tenth of the short window: a first long window of clean traffic, then the burn, then clean
traffic again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any

from rules import names
from rules.durations import format_duration
from rules.specification import ErrorBudget, Specification
from rules.windows import BurnWindow

EVENTS_PER_STEP = 1_000_000
SLACK_STEPS = 3
"""Evaluation and scrape come on top of a detection time, and a rate's ends are extrapolated."""

SeriesOf = Callable[[list[int], list[int]], dict[str, list[Any]]]
"""Series by name, from the counts of failed and of all events per step. Values may be texts, as promtool reads them."""


@dataclass(frozen=True)
class Burn:
    """One window of one specification under test."""

    specification: Specification
    budget: ErrorBudget
    window: BurnWindow
    series_of: SeriesOf

    @property
    def step(self) -> timedelta:
        return self.window.short / 10

    def steps(self, duration: timedelta) -> int:
        """So many steps, rounded up."""
        return -(-duration // self.step)

    def cases(self) -> list[dict[str, Any]]:
        """Just below the factor, just above it, and a total outage that ends."""
        threshold = self.window.threshold(self.budget.budget)
        long = self.steps(self.window.long)
        hold = self.steps(self.window.hold)
        below, above = threshold * 9 / 10, threshold * 11 / 10
        found = [self._case("just below", below, long + hold + SLACK_STEPS, never=True)]
        if above < 1:
            fires = long + hold + SLACK_STEPS
            found.append(self._case("just above", above, fires, fires_after=fires, quiet_until=long * 7 // 10))
        outage = self.window.detection_time(self.budget.budget, Fraction(1))
        assert outage is not None
        fires = self.steps(outage) + SLACK_STEPS
        quiet = max(0, self.steps(outage) - hold - SLACK_STEPS)
        found.append(self._case("a total outage", Fraction(1), fires, fires_after=fires, quiet_until=quiet))
        return found

    def _case(
        self,
        name: str,
        ratio: Fraction,
        burning: int,
        *,
        never: bool = False,
        fires_after: int = 0,
        quiet_until: int = 0,
    ) -> dict[str, Any]:
        onset = self.steps(self.window.long)
        clears = onset + burning + self.steps(self.window.short) + SLACK_STEPS
        failed = [0] * onset + [round(EVENTS_PER_STEP * ratio)] * burning + [0] * (clears - onset - burning)
        total = [EVENTS_PER_STEP] * len(failed)
        checks = [self._check(onset + quiet_until, False), self._check(clears, False)]
        if never:
            checks.append(self._check(clears, False, since=clears))
        else:
            checks.append(self._check(onset + fires_after, True))
        return {
            "name": f"{self.specification.name} {format_duration(self.window.long)}: {name}",
            "interval": format_duration(self.step),
            "input_series": [
                {"series": series, "values": " ".join(map(str, values))}
                for series, values in self.series_of(failed, total).items()
            ],
            "promql_expr_test": checks,
        }

    def _check(self, at: int, fires: bool, *, since: int = 0) -> dict[str, Any]:
        """Whether the window's alert fires at a step, or, with `since`, at any of the steps before it."""
        alerts = (
            f'ALERTS{{alertstate="firing",{names.SEVERITY_LABEL}="{self.window.severity}",'
            f'{names.WINDOW_LABEL}="{format_duration(self.window.long)}"}}'
        )
        if since:
            alerts = f"count_over_time({alerts}[{format_duration(self.step * since)}])"
        expected = [{"labels": "{}", "value": 1}] if fires else []
        return {"expr": f"count({alerts})", "eval_time": format_duration(self.step * at), "exp_samples": expected}
