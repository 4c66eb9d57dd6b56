"""The objectives of an OpenSLO SLO: targets, limits of values, and time slices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import NamedTuple

import yaml

from rules.durations import LONGEST, format_duration
from rules.fields import Field, Fields
from rules.foreign.openslo.indicators import OPERATORS, Slices, Threshold, in_slices, of_threshold
from rules.foreign.openslo.objects import read_duration
from rules.foreign.query import Sli
from rules.objective import with_budget
from rules.windows import BurnWindow

METHODS = ("Occurrences", "Timeslices", "RatioTimeslices")
_FIELDS = ("displayName", "op", "value", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow")
_A_SHARE = "a number above 0 and at most 1, such as 0.95"


@dataclass(frozen=True, slots=True)
class Goal:
    """What an objective of an SLO says: its name (empty: none), its target as a share, and its indicator."""

    name: str
    target: Fraction
    sli: Sli


def read_goal(
    item: Field, method: str | None, indicator: Sli | Threshold | None, windows: tuple[BurnWindow, ...] | None
) -> Goal | None:
    """An objective of an SLO. `windows` are those of its alerts."""
    fields = item.mapping(_FIELDS)
    if fields is None:
        return None
    display = fields.given("displayName")
    name = display.prose() if display else ""
    target = _read_target(fields)
    counting = _read_counting(fields, method, indicator, windows)
    sli = _read_limit(fields, indicator, counting) if counting is not None else None
    if name is None or target is None or sli is None:
        return None
    return Goal(name, target, sli)


def _read_limit(fields: Fields, indicator: Sli | Threshold | None, counting: _Counting) -> Sli | None:
    """The indicator of an objective: with its limit, where values are compared, and in its slices."""
    operator, value = fields.given("op"), fields.given("value")
    if indicator is None:
        return None
    if isinstance(indicator, Threshold):
        word = fields.required("op", f"one of {', '.join(OPERATORS)}", lambda field: field.one_of(tuple(OPERATORS)))
        limit = fields.required("value", "a number", lambda field: field.number("a number"))
        return None if word is None or limit is None else of_threshold(indicator, word, limit, counting.slices)
    if value is not None:
        value.refuse("no value: a ratio is compared with its target")
        return None
    if operator is not None and operator.one_of(("gt", "gte")) is None:
        return None
    return in_slices(indicator, counting.slices) if counting.slices else indicator


class _Counting(NamedTuple):
    """How good and bad are counted: by events, or by slices of time."""

    slices: Slices | None


def _read_counting(
    fields: Fields, method: str | None, indicator: Sli | Threshold | None, windows: tuple[BurnWindow, ...] | None
) -> _Counting | None:
    target, window = fields.given("timeSliceTarget"), fields.given("timeSliceWindow")
    if method is None:
        return None
    if method == "Occurrences":
        for field in (target, window):
            if field is not None:
                field.refuse("budgetingMethod Timeslices beside it", "a slice under Occurrences")
        return _Counting(None) if target is None and window is None else None
    if method == "RatioTimeslices" and isinstance(indicator, Threshold):
        fields.place.refuse("a ratioMetric for RatioTimeslices", "a thresholdMetric")
        return None
    if method == "RatioTimeslices" and target is not None:
        target.refuse("no timeSliceTarget: under RatioTimeslices a slice counts as much as its share of good events")
        return None
    length = fields.required("timeSliceWindow", "a duration such as 1m", _read_slice_length)
    share = fields.required("timeSliceTarget", _A_SHARE, _read_share) if method == "Timeslices" else None
    if length is None or (method == "Timeslices" and share is None):
        return None
    shortest = min((one.short for one in windows or ()), default=None)
    if window is not None and shortest is not None and length > shortest:
        window.refuse(
            f"at most {format_duration(shortest)}, the shortest window of an alert: less would hold no whole slice"
        )
        return None
    operator = fields.given("op")
    strictly = not isinstance(indicator, Threshold) and operator is not None and operator.node.value == "gt"
    if strictly and share == 1 and target is not None:
        target.refuse("a share below 1: no slice is above it")
        return None
    return _Counting(Slices(length, share, strictly))


def _read_slice_length(field: Field) -> timedelta | None:
    if isinstance(field.node, yaml.ScalarNode) and field.node.tag == "tag:yaml.org,2002:int":
        minutes = field.count()
        if minutes is not None and minutes > LONGEST // timedelta(minutes=1):
            field.refuse("at most 100y in minutes")
            return None
        return timedelta(minutes=minutes) if minutes else None
    return read_duration(field)


def _read_share(field: Field) -> Fraction | None:
    share = field.number(_A_SHARE)
    if share is not None and not 0 < share <= 1:
        field.refuse(_A_SHARE)
        return None
    return share


def _read_target(fields: Fields) -> Fraction | None:
    share, percentage = fields.given("target"), fields.given("targetPercent")
    if (share is None) == (percentage is None):
        fields.place.refuse("either target or targetPercent", "neither" if share is None else "both")
        return None
    if percentage is not None:
        expected = "a percentage above 0 and below 100, such as 99.9"
        number = with_budget(percentage, percentage.number(expected), expected)
        return number / 100 if number is not None else None
    assert share is not None  # noqa: S101 - one of the two is there
    expected = "a number above 0 and below 1, such as 0.999"
    number = share.number(expected)
    if number is not None and not 0 < number < 1:
        share.refuse(f"{expected} (at 1 there is no error budget)" if number >= 1 else expected)
        return None
    return number
