"""OpenSLO's indicators and budgeting methods, as queries for the error ratio over a window.

OpenSLO's queries carry no window of their own. Over a counter, ours has to be in them: `[$window]` or `[{{.window}}]`.
A query that gives a value at each moment is looked at once a minute instead, by a sub-query.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from rules.durations import format_duration
from rules.fields import Field, Fields
from rules.foreign.context import Context
from rules.foreign.openslo.metrics import read_metric
from rules.foreign.openslo.objects import referred
from rules.foreign.query import Query, Sli, event_ratio, grouping_of
from rules.names import WINDOW_PLACEHOLDER
from rules.queries import Queries
from rules.specification import EventRatio, ForPeople, RatioQuery
from rules.windows import number_text

EVERY_MINUTE = f"[{WINDOW_PLACEHOLDER}:1m]"
"""How often a value is looked at that each moment has."""
OPERATORS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}

_RATIO_FIELDS = ("counter", "good", "bad", "total", "rawType", "raw")
_OVER_WINDOW = "a PromQL query over [$window]: OpenSLO gives a counter's queries no window of their own"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A query for a value that is compared: one of each objective's limits says which values are good."""

    query: Query


@dataclass(frozen=True, slots=True)
class Slices:
    """Time slices of one length; those with at least `target` of good events are good, above it where `strictly`.

    Without a target, a slice counts as much as its share of good events.
    """

    length: timedelta
    target: Fraction | None
    strictly: bool = False


def read_indicator(spec: Fields, context: Context) -> Sli | Threshold | None:
    """`indicator` or `indicatorRef` of an SLO."""
    inline, reference = spec.given("indicator"), spec.given("indicatorRef")
    if (inline is None) == (reference is None):
        spec.place.refuse("either indicator or indicatorRef", "neither" if inline is None else "both")
        return None
    if inline is None:
        sli = referred(spec, "indicatorRef", "SLI", context, lambda field: field)
        return _read_sli(sli, context) if sli else None
    fields = inline.mapping(("metadata", "spec"))
    sli = fields.required("spec", "a mapping", lambda field: field) if fields else None
    return _read_sli(sli, context) if sli else None


def _read_sli(place: Field, context: Context) -> Sli | Threshold | None:
    fields = place.mapping(("description", "thresholdMetric", "ratioMetric"))
    if fields is None:
        return None
    threshold, ratio = fields.given("thresholdMetric"), fields.given("ratioMetric")
    if (threshold is None) == (ratio is None):
        place.refuse("either thresholdMetric or ratioMetric", "neither" if ratio is None else "both")
        return None
    if ratio is not None:
        return _read_ratio(ratio, context)
    assert threshold is not None  # noqa: S101 - one of the two is there
    query = read_metric(threshold, context)
    if query is not None and query.has_window:
        threshold.refuse("a range of its own, such as [5m], in a query whose values are compared", "$window")
        return None
    return Threshold(query) if query is not None else None


def _read_ratio(place: Field, context: Context) -> Sli | None:
    fields = place.mapping(_RATIO_FIELDS)
    if fields is None:
        return None
    counter = fields.given("counter")
    counts = counter.boolean() if counter else False
    if fields.given("raw") is not None:
        return _read_raw(fields, context)
    parts = [name for name in ("good", "bad") if fields.given(name) is not None]
    total = fields.required("total", "the metric of all events", lambda field: read_metric(field, context))
    if len(parts) != 1:
        place.refuse("either good or bad", " and ".join(parts) or "neither")
        return None
    part = fields.required(parts[0], "a metric", lambda field: read_metric(field, context))
    if part is None or total is None or counts is None:
        return None
    if part.text == total.text:
        place.refuse(f"{parts[0]} events that are a part of all events", "the same query twice")
        return None
    without = [name for name, query in ((parts[0], part), ("total", total)) if not query.has_window]
    if not without:
        good, bad = (part, None) if parts == ["good"] else (None, part)
        return event_ratio(place, total, errors=bad, good=good)
    if counts or len(without) == 1:
        for name in without:
            field = fields.get(name)
            if field is not None:
                field.refuse(_OVER_WINDOW, repr((part if name == parts[0] else total).text[:60]))
        return None
    sums = [f"sum_over_time(({_numbers(query)}){EVERY_MINUTE})" for query in (part, total)]
    good_sum, bad_sum = (sums[0], "") if parts == ["good"] else ("", sums[0])
    return Sli(EventRatio(sums[1], errors=bad_sum, good=good_sum, countable=False, aggregated=True), grouping_of(total))


def _read_raw(fields: Fields, context: Context) -> Sli | None:
    for name in ("good", "bad", "total"):
        other = fields.given(name)
        if other is not None:
            other.refuse("either raw, or total with good or bad", f"{name} beside raw")
    kind: str | None = fields.required(
        "rawType", "success or failure", lambda field: field.one_of(("success", "failure"))
    )
    query = fields.required("raw", "a metric", lambda field: read_metric(field, context))
    if kind is None or query is None:
        return None
    ratio = query.text if query.has_window else f"avg_over_time(({_numbers(query)}){EVERY_MINUTE})"
    return Sli(RatioQuery(f"1 - ({ratio})" if kind == "success" else ratio), grouping_of(query))


def of_threshold(threshold: Threshold, operator: str, value: Fraction, slices: Slices | None) -> Sli:
    """The share of time with a value that is not good; in slices, the share of slices that are not."""
    sign = "-" if value < 0 else ""
    good = f"({_numbers(threshold.query)}) {OPERATORS[operator]} bool {sign}{number_text(abs(value))}"
    grouping = grouping_of(threshold.query)
    if slices is None or slices.target is None:
        return Sli(RatioQuery(f"1 - avg_over_time(({good}){EVERY_MINUTE})"), grouping)
    length = format_duration(slices.length)
    step = format_duration(min(slices.length / 4, timedelta(minutes=1)))
    share = f"avg_over_time(({good})[{length}:{step}])"
    return Sli(RatioQuery(_of_slices(f"{share} < bool {number_text(slices.target)}", length)), grouping)


def in_slices(sli: Sli, slices: Slices) -> Sli:
    """The share of slices that are bad; without a target, the average of their error ratios."""
    length = format_duration(slices.length)
    ratio = Queries(sli.indicator, ForPeople(), sli.grouping).ratio(length)
    if slices.target is not None:
        ratio = f"({ratio}) {'>=' if slices.strictly else '>'} bool {number_text(1 - slices.target)}"
    return Sli(RatioQuery(_of_slices(ratio, length)), sli.grouping)


def _of_slices(bad: str, length: str) -> str:
    return f"avg_over_time(({bad})[{WINDOW_PLACEHOLDER}:{length}])"


def _numbers(query: Query) -> str:
    """The query's values without NaN, which would be a bad value, and would stay in whatever is summed up over it."""
    return f"({query.text}) >= -Inf"
