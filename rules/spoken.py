"""Numbers and durations in words, for people who read them aloud; rounded where that is said."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from rules.durations import format_duration

_UNITS = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
    ("second", timedelta(seconds=1)),
)
_FINE = timedelta(seconds=10)
_MOST = 120
"""90 minutes are said like that; 7200 seconds are not."""


def exact_duration(duration: timedelta) -> str:
    """`1 hour`, `90 minutes`; as Prometheus writes it where one unit can't say it: `1h0m1s`."""
    for name, unit in _UNITS:
        if duration and duration % unit == timedelta() and duration // unit <= _MOST:
            return _of(duration // unit, name)
    return format_duration(duration)


def rounded_duration(duration: timedelta) -> str:
    """`52 seconds`, `17 minutes`: the largest unit of which there are at least two."""
    for name, unit in _UNITS:
        amount = round(duration / unit)
        if duration == unit or duration >= 2 * unit:
            return _of(amount, name)
    return f"{duration / timedelta(seconds=1):.2g} seconds"


def measured_duration(duration: timedelta) -> str:
    """As Prometheus writes it, in whole seconds where a second does not matter; before something it is negative."""
    if duration < timedelta():
        return f"-{measured_duration(-duration)}"
    whole = timedelta(seconds=round(duration / timedelta(seconds=1)))
    return format_duration(whole if duration >= _FINE else duration)


def percent(ratio: Fraction, digits: int = 4) -> str:
    """A ratio as a percentage: `1.44 %`."""
    return f"{short_number(ratio * 100, digits)} %"


def short_number(number: Fraction, digits: int = 4) -> str:
    """A number with so many digits that tell, and without an exponent."""
    return format(Decimal(f"{float(number):.{digits}g}"), "f")


def _of(amount: int, name: str) -> str:
    return f"{amount} {name}" if amount == 1 else f"{amount} {name}s"
