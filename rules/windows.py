"""Burn rates: how fast an error budget is spent, and when that is worth an alert.

A burn rate of 1 spends exactly the budget (1 - objective) in the period. An alert fires while the error ratio over
a long and over a short window is above factor x budget (Site Reliability Workbook, chapter 5, "Multiwindow,
Multi-Burn-Rate Alerts"). All arithmetic is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Literal

Severity = Literal["page", "ticket"]
SEVERITIES: tuple[Severity, ...] = ("page", "ticket")

NO_TIME = timedelta()


@dataclass(frozen=True, slots=True)
class BurnWindow:
    """Alert while the burn rate is above `factor` over both windows, once it has been so for `hold`.

    `undo` says whether the alert may undo a rollout.
    """

    severity: Severity
    long: timedelta
    short: timedelta
    factor: Fraction
    hold: timedelta
    undo: bool

    def threshold(self, budget: Fraction) -> Fraction:
        """The error ratio above which it fires: factor x budget. At 1 or more it never does."""
        return self.factor * budget

    def detection_time(self, budget: Fraction, error_ratio: Fraction) -> timedelta | None:
        """How long a steady error ratio burns before the alert, in whole seconds; None where it never fires.

        The long window needs threshold/ratio of its length to fill up. Scraping and evaluation come on top.
        """
        if error_ratio <= self.threshold(budget):
            return None
        share = self.threshold(budget) / error_ratio
        return timedelta(seconds=math.ceil(in_seconds(self.long) * share)) + self.hold

    @property
    def worst_detection_time(self) -> timedelta:
        """The longest that a burn rate above the factor goes unnoticed: just above, the whole long window fills."""
        return self.long + self.hold


@dataclass(frozen=True, slots=True)
class Preset:
    """A window of the workbook's table, by the share of the period's budget that it lets go."""

    severity: Severity
    long: timedelta
    short: timedelta
    budget_share: Fraction
    undo: bool = False


WORKBOOK = (
    Preset("page", timedelta(hours=1), timedelta(minutes=5), Fraction(2, 100), undo=True),
    Preset("page", timedelta(hours=6), timedelta(minutes=30), Fraction(5, 100)),
    Preset("ticket", timedelta(days=1), timedelta(hours=2), Fraction(10, 100)),
    Preset("ticket", timedelta(days=3), timedelta(hours=6), Fraction(10, 100)),
)
"""Over 30 days the factors are 14.4, 6, 3 and 1. Only the fast page may undo: the others find trouble hours late."""


def burn_factor(budget_share: Fraction, period: timedelta, long: timedelta) -> Fraction:
    """The burn rate that spends that share of the period's budget within the long window."""
    return budget_share * in_seconds(period) / in_seconds(long)


@lru_cache(maxsize=64)
def workbook_windows(period: timedelta) -> tuple[BurnWindow, ...]:
    """The workbook's windows, with the factors that they have for this period."""
    return tuple(
        BurnWindow(
            preset.severity,
            preset.long,
            preset.short,
            burn_factor(preset.budget_share, period, preset.long),
            NO_TIME,
            preset.undo,
        )
        for preset in WORKBOOK
    )


@lru_cache(maxsize=1024)
def in_seconds(duration: timedelta) -> Fraction:
    """A duration in seconds, exactly."""
    return Fraction(duration // timedelta(microseconds=1), 1_000_000)


@lru_cache(maxsize=1024)
def number_text(number: Fraction) -> str:
    """A number of at least 0 as PromQL reads it: an exact decimal, or the exact quotient where no decimal ends."""
    rest, places = number.denominator, 0
    for prime in (10, 2, 5):
        while rest % prime == 0:
            rest //= prime
            places += 1
    if rest != 1:
        return f"({number.numerator} / {number.denominator})"
    if places == 0:
        return str(number.numerator)
    digits = str(number.numerator * 10**places // number.denominator).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"
