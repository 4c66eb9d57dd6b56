"""`alerting.windows`: the preset, or a specification's own pairs of windows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import NamedTuple

import yaml

from rules.durations import format_duration
from rules.fields import Field, Fields
from rules.windows import (
    NO_TIME,
    SEVERITIES,
    WORKBOOK,
    BurnWindow,
    Severity,
    burn_factor,
    number_text,
    workbook_windows,
)

PRESET = "workbook"
"""The name of the windows that hold unless others are given."""


class PlacedWindow(NamedTuple):
    """A window, the field that it comes from, and the one that says whether it may undo, where one does."""

    window: BurnWindow
    field: Field
    undo: Field | None = None


def read_windows(spec: Fields, windows: Field | None, period: timedelta | None) -> list[PlacedWindow] | None:
    """The pairs of windows over a period, which is None where it is wrong itself.

    Where nothing says so, only the page that is found fastest may undo.
    """
    if windows is not None and isinstance(windows.node, yaml.SequenceNode):
        placed = _own_windows(windows, period)
    elif windows is None or windows.one_of((PRESET,)) is not None:
        placed = _preset(windows or spec.get("window") or spec.place, period)
    else:
        placed = None
    return placed


def _preset(field: Field, period: timedelta | None) -> list[PlacedWindow] | None:
    longest = max(preset.long for preset in WORKBOOK)
    if period is None:
        return None
    if period < longest:
        expected = f"at least {format_duration(longest)}, or alerting.windows of its own"
        field.refuse(expected, f"a window of {format_duration(period)}")
        return None
    return [PlacedWindow(window, field) for window in workbook_windows(period)]


def _own_windows(field: Field, period: timedelta | None) -> list[PlacedWindow] | None:
    items = field.items() or []
    read = [_read_window(item, period) for item in items]
    placed = [window for window in read if window is not None]
    seen: set[tuple[Severity, timedelta]] = set()
    for window, item, _ in placed:
        if (window.severity, window.long) in seen:
            item.refuse(
                "each long window once per severity", f"{window.severity} over {format_duration(window.long)} again"
            )
        seen.add((window.severity, window.long))
    if not placed or len(placed) != len(items):
        return None
    fastest = min((placed.window.long for placed in placed if placed.window.severity == "page"), default=None)
    return [_with_default(one, fastest) for one in placed]


def _with_default(placed: PlacedWindow, fastest: timedelta | None) -> PlacedWindow:
    window = placed.window
    if placed.undo is not None:
        return placed
    undo = window.severity == "page" and window.long == fastest
    return placed._replace(window=replace(window, undo=undo))


def _read_window(item: Field, period: timedelta | None) -> PlacedWindow | None:
    fields = item.mapping(("severity", "long", "short", "budget", "factor", "for", "undo"))
    if fields is None:
        return None
    severity: Severity | None = fields.required("severity", " or ".join(SEVERITIES), _read_severity)
    long = fields.required("long", "a duration", Field.duration)
    short = fields.required("short", "a duration", Field.duration)
    hold = fields.optional("for", lambda field: field.duration(least=NO_TIME), NO_TIME)
    undo = fields.optional("undo", Field.boolean, False)
    factor = _read_factor(item, fields, long, period)
    short_field = fields.get("short")
    if short_field is not None and long is not None and short is not None and short >= long:
        short_field.refuse(f"less than the long window, {format_duration(long)}")
    if severity is None or long is None or short is None or hold is None or undo is None or factor is None:
        return None
    return PlacedWindow(BurnWindow(severity, long, short, factor, hold, undo), item, fields.get("undo"))


def _read_severity(field: Field) -> Severity | None:
    return field.one_of(SEVERITIES)


def _read_factor(item: Field, fields: Fields, long: timedelta | None, period: timedelta | None) -> Fraction | None:
    share, factor = fields.get("budget"), fields.get("factor")
    if (share is None) == (factor is None):
        found = "neither" if share is None else "both"
        item.refuse("either budget (a percentage of the error budget) or factor (a burn rate)", found)
        return None
    if factor is not None:
        return _positive(factor, "a burn rate above 0, such as 14.4")
    percentage = _positive(share, "a percentage of the error budget above 0, such as 2") if share else None
    if share is None or percentage is None or long is None or period is None:
        return None
    if percentage > 100 or long > period:
        share.refuse(
            f"at most 100 % of the error budget in at most {format_duration(period)}",
            f"{number_text(percentage)} % in {format_duration(long)}",
        )
        return None
    return burn_factor(percentage / 100, period, long)


def _positive(field: Field, expected: str) -> Fraction | None:
    number = field.number(expected)
    if number is not None and number <= 0:
        field.refuse(expected)
        return None
    return number
