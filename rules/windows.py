"""The arithmetic of burn rates (Google's SRE workbook, chapter 5, table 5-8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from rules.specification import BurnWindow


@dataclass(frozen=True, slots=True)
class Preset:
    """A pair of windows by the share of the period's error budget that it may use up."""

    severity: str
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
"""Only the fast page may undo: the others find trouble hours after a rollout."""


def burn_factor(budget_share: Fraction, period: timedelta, long: timedelta) -> Fraction:
    """The burn rate that uses up `budget_share` of a period's budget within the long window: share × period / long."""
    return budget_share * Fraction(period // timedelta(milliseconds=1), long // timedelta(milliseconds=1))


def workbook_windows(period: timedelta) -> tuple[BurnWindow, ...]:
    """The workbook's four pairs for a period."""
    return tuple(
        BurnWindow(
            preset.severity,
            preset.long,
            preset.short,
            burn_factor(preset.budget_share, period, preset.long),
            timedelta(0),
            preset.undo,
        )
        for preset in WORKBOOK
    )


def threshold(window: BurnWindow, budget: Fraction) -> Fraction:
    """The error ratio above which the alert fires: factor × budget."""
    return window.factor * budget


def can_fire(window: BurnWindow, budget: Fraction) -> bool:
    """Whether any error ratio, 1 at the most, exceeds the threshold."""
    return threshold(window, budget) < 1


def detection_time(window: BurnWindow, budget: Fraction, error_ratio: Fraction = Fraction(1)) -> timedelta:
    """How long a constant error ratio takes to reach the long window's threshold, without scrape and evaluation."""
    return window.long * float(min(Fraction(1), threshold(window, budget) / error_ratio)) + window.hold


def decimal_text(number: Fraction) -> str:
    """The number in decimal digits: exact where they end, else to 17 significant digits."""
    denominator = number.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    if denominator != 1:
        return repr(float(number))
    exact = Decimal(number.numerator) / Decimal(number.denominator)
    return f"{exact.normalize():f}"
