"""The `alerting` part of a specification: its windows, and which of the alerts may undo."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import NamedTuple

import yaml

from rules.durations import format_duration
from rules.fields import Field, Fields
from rules.specification import DEFAULT_MINIMUM_ERRORS
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

_Placed = list[tuple[BurnWindow, Field]]


class Alerting(NamedTuple):
    """What `spec.alerting` says."""

    windows: tuple[BurnWindow, ...]
    minimum_errors: int


def read_alerting(spec: Fields, period: timedelta | None, budget: Fraction | None) -> Alerting | None:
    """Read `spec.alerting`, which may be missing; `period` and `budget` are None where they are wrong themselves."""
    given = spec.get("alerting")
    fields = given.mapping(("windows", "minimumErrors")) if given else None
    if given is not None and fields is None:
        return None
    minimum = (
        fields.optional("minimumErrors", Field.count, DEFAULT_MINIMUM_ERRORS) if fields else DEFAULT_MINIMUM_ERRORS
    )
    windows_field = fields.get("windows") if fields else None
    if windows_field is not None and isinstance(windows_field.node, yaml.SequenceNode):
        placed = _own_windows(windows_field, period)
    elif windows_field is None or windows_field.one_of((PRESET,)) is not None:
        placed = _preset(windows_field or spec.get("window") or spec.place, period)
    else:
        placed = None
    for window, field in placed or ():
        if budget is not None:
            _check_can_fire(window, budget, field)
    return None if placed is None or minimum is None else Alerting(tuple(window for window, _ in placed), minimum)


def _preset(field: Field, period: timedelta | None) -> _Placed | None:
    longest = format_duration(max(preset.long for preset in WORKBOOK))
    if period is None:
        return None
    if period < max(preset.long for preset in WORKBOOK):
        field.refuse(f"at least {longest}, or alerting.windows of its own", f"a window of {format_duration(period)}")
        return None
    return [(window, field) for window in workbook_windows(period)]


def _own_windows(field: Field, period: timedelta | None) -> _Placed | None:
    items = field.items() or []
    windows = [(_read_window(item, period), item) for item in items]
    placed = [(window, item) for window, item in windows if window is not None]
    seen: set[tuple[Severity, timedelta]] = set()
    for window, item in placed:
        if (window.severity, window.long) in seen:
            item.refuse(
                "each long window once per severity", f"{window.severity} over {format_duration(window.long)} again"
            )
        seen.add((window.severity, window.long))
    return placed if placed and len(placed) == len(items) else None


def _read_window(item: Field, period: timedelta | None) -> BurnWindow | None:
    fields = item.mapping(("severity", "long", "short", "budget", "factor", "for", "undo"))
    if fields is None:
        return None
    severity: Severity | None = fields.required("severity", " or ".join(SEVERITIES), _read_severity)
    long = fields.required("long", "a duration", Field.duration)
    short = fields.required("short", "a duration", Field.duration)
    hold = fields.optional("for", lambda field: field.duration(least=NO_TIME), NO_TIME)
    undo = fields.optional("undo", Field.boolean, severity == "page")
    factor = _read_factor(item, fields, long, period)
    short_field = fields.get("short")
    if short_field is not None and long is not None and short is not None and short >= long:
        short_field.refuse(f"less than the long window, {format_duration(long)}")
    if severity is None or long is None or short is None or hold is None or undo is None or factor is None:
        return None
    return BurnWindow(severity, long, short, factor, hold, undo)


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


def _check_can_fire(window: BurnWindow, budget: Fraction, field: Field) -> None:
    threshold = window.threshold(budget)
    if threshold >= 1:
        field.refuse(
            f"a factor below {number_text(1 / budget)}: the error ratio is never above 1, so this alert never fires",
            f"factor · (1 − objective) = {number_text(window.factor)} · {number_text(budget)} = "
            f"{number_text(threshold)} ≥ 1 over {format_duration(window.long)}",
        )
