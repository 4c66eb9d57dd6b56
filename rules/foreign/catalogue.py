"""Catalogues of alert windows: `sloth.slok.dev/v1`, kind `AlertWindows`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction

from rules.document import read_documents
from rules.durations import format_duration
from rules.fields import Field, Fields
from rules.foreign.context import DEFAULTS, Context
from rules.problems import Problem, SpecificationError
from rules.windows import NO_TIME, SEVERITIES, BurnWindow, Severity, burn_factor, number_text

API_VERSION = "sloth.slok.dev/v1"
KIND = "AlertWindows"
_SPEEDS = ("quick", "slow")
_PERCENTAGE = "a percentage of the error budget above 0 and at most 100"


def read_catalogues(files: Mapping[str, bytes]) -> dict[timedelta, tuple[BurnWindow, ...]]:
    """The windows by period, of files that hold nothing but catalogues. Raises `SpecificationError`."""
    context = Context.of(DEFAULTS)
    problems: list[Problem] = []
    for file, content in files.items():
        nodes, found = read_documents(content, file)
        for node in nodes:
            read_catalogue(Field(node, "", file, found), context)
        problems += found
    if problems:
        raise SpecificationError(problems)
    return context.windows


def read_catalogue(document: Field, context: Context) -> None:
    """Keep the windows that the document gives for its period."""
    root = document.mapping(("apiVersion", "kind", "metadata", "spec"))
    if root:
        root.required("apiVersion", API_VERSION, lambda field: field.one_of((API_VERSION,)))
        root.required("kind", KIND, lambda field: field.one_of((KIND,)))
    spec = root.required("spec", "a mapping", lambda field: field.mapping(("sloPeriod", *SEVERITIES))) if root else None
    if spec is None:
        return
    period = spec.required("sloPeriod", "a duration such as 30d", Field.duration)
    windows = [window for severity in SEVERITIES for window in _read_severity(spec, severity, period)]
    good = tuple(window for window in windows if window is not None)
    if period is None or len(good) != len(SEVERITIES) * len(_SPEEDS):
        return
    if period in context.windows:
        spec.place.refuse(f"one catalogue for {format_duration(period)}", "a second one")
    context.windows[period] = good


def _read_severity(spec: Fields, severity: Severity, period: timedelta | None) -> list[BurnWindow | None]:
    fields = spec.required(severity, "quick and slow", lambda field: field.mapping(_SPEEDS))
    if fields is None:
        return []
    found = []
    for speed in _SPEEDS:
        place = fields.required(speed, "errorBudgetPercent, shortWindow and longWindow", lambda field: field)
        undo = severity == "page" and speed == "quick"
        found.append(_read_window(place, severity, period, undo=undo) if place else None)
    return found


def _read_window(place: Field, severity: Severity, period: timedelta | None, *, undo: bool) -> BurnWindow | None:
    fields = place.mapping(("errorBudgetPercent", "shortWindow", "longWindow"))
    if fields is None:
        return None
    percentage = fields.required("errorBudgetPercent", _PERCENTAGE, _read_share)
    short = fields.required("shortWindow", "a duration", Field.duration)
    long = fields.required("longWindow", "a duration", Field.duration)
    if percentage is None or short is None or long is None or period is None:
        return None
    if not short < long <= period:
        place.refuse(
            f"shortWindow < longWindow ≤ sloPeriod, {format_duration(period)}",
            f"{format_duration(short)} and {format_duration(long)}",
        )
        return None
    return BurnWindow(severity, long, short, burn_factor(percentage / 100, period, long), NO_TIME, undo)


def _read_share(field: Field) -> Fraction | None:
    percentage = field.number(_PERCENTAGE)
    if percentage is not None and not 0 < percentage <= 100:
        field.refuse(_PERCENTAGE, f"{number_text(abs(percentage))} %")
        return None
    return percentage
