"""When the workbook's definition says that page and ticket fire, from the events themselves: no Prometheus in it.

An alert fires while the share of failed events is above factor x budget over a long and over a short window (Site
Reliability Workbook, chapter 5). The counts are exact, and so is the comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from bench.rules.series import Counts


@dataclass(frozen=True, slots=True)
class Pair:
    """A long window with its short one, in minutes, and the burn rate above which both must be."""

    severity: str
    long: int
    short: int
    factor: Fraction


class Definition:
    """The error ratios of counts, `step` minutes apart."""

    def __init__(self, counts: Counts, step: int) -> None:
        self._events = [0, *accumulate(counts.events)]
        self._errors = [0, *accumulate(counts.errors)]
        self._step = step

    def ratio(self, number: int, minutes: int) -> Fraction | None:
        """The share of failed events in the window that ends at a step; None where there were no events."""
        events, errors = self._window(number, minutes)
        return Fraction(errors, events) if events else None

    def burns(self, number: int, pair: Pair, budget: Fraction) -> bool:
        """Whether both windows are above the threshold at a step."""
        threshold = pair.factor * budget
        for minutes in (pair.long, pair.short):
            events, errors = self._window(number, minutes)
            if errors * threshold.denominator <= threshold.numerator * events:
                return False
        return True

    def firing(self, severity: str, pairs: tuple[Pair, ...], budget: Fraction) -> set[int]:
        """The steps at which an alert of this severity fires."""
        asked = [pair for pair in pairs if pair.severity == severity]
        steps = range(len(self._events) - 1)
        return {number for number in steps if any(self.burns(number, pair, budget) for pair in asked)}

    def budget_left(self, budget: Fraction) -> Fraction:
        """The share of the error budget that is left after all steps, over a period that is longer than they are."""
        return 1 - Fraction(self._errors[-1], self._events[-1]) / budget

    def _window(self, number: int, minutes: int) -> tuple[int, int]:
        begin = max(0, number + 1 - minutes // self._step)
        return self._events[number + 1] - self._events[begin], self._errors[number + 1] - self._errors[begin]
