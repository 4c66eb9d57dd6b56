"""The workbook's windows for periods that a document chooses."""

from __future__ import annotations

from datetime import timedelta

from rules.foreign.context import SHORTEST_PERIOD
from rules.windows import NO_TIME, WORKBOOK, BurnWindow, burn_factor, in_seconds, workbook_windows

_PERIOD = timedelta(days=30)
"""The one that the workbook has its windows for."""
_STEP = timedelta(minutes=1)
_LEAST_SHORT = timedelta(minutes=5)
"""Over less, a scrape or two that fail leave no rate."""
LEAST_PERIOD = timedelta(days=1)
"""Over less, the pairs of windows become one another's equals."""


def windows_over(period: timedelta) -> tuple[BurnWindow, ...]:
    """The workbook's windows; for a period below 28 days, as much shorter as the period is, to whole minutes.

    So an alert still means the same share of the budget. Left at 3 days, the slow ticket of a week would be for a
    burn rate of 0.23, which never spends the budget. Factors are exact for the windows that come out.
    """
    if period >= SHORTEST_PERIOD:
        return workbook_windows(period)
    windows = []
    for preset in WORKBOOK:
        short = max(_scaled(preset.short, period), _LEAST_SHORT)
        long = max(_scaled(preset.long, period), 2 * short)
        factor = burn_factor(preset.budget_share, period, long)
        windows.append(BurnWindow(preset.severity, long, short, factor, NO_TIME, preset.undo))
    return tuple(windows)


def _scaled(window: timedelta, period: timedelta) -> timedelta:
    return round(in_seconds(window) * in_seconds(period) / in_seconds(_PERIOD) / in_seconds(_STEP)) * _STEP
