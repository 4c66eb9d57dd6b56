"""`spec.indicator`: which events count, and which of them have failed."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import yaml

from rules.fields import Field, Fields
from rules.query_fields import A_QUERY, OVER, read_events_per_second, read_windowed_query
from rules.selectors import BUCKET_LABEL, bucket_matcher, metric_name, read_selector, with_matcher
from rules.specification import EventRatio, Indicator, RatioQuery
from rules.windows import number_text

BOUND = re.compile(r"([0-9]{1,15}(\.[0-9]{0,15})?|\.[0-9]{1,15})([eE][-+]?[0-9]{1,2})?")
_A_BOUND = "a number above 0 in the histogram's unit, such as 0.3"


def read_indicator(spec: Fields) -> Indicator | None:
    """The one indicator of an objective."""
    expected = f"one of {', '.join(READERS)}"
    fields = spec.required("indicator", expected, lambda field: field.mapping(READERS))
    if fields is None:
        return None
    given = [name for name in READERS if name in fields]
    if len(given) != 1:
        if given or not fields.has_unknown:
            fields.place.refuse(f"exactly {expected}", " and ".join(given) or "none of them")
        return None
    field = fields.get(given[0])
    return READERS[given[0]](field) if field else None


def _errors_over_total(field: Field) -> Indicator | None:
    queries = field.mapping(("errors", "total"))
    if queries is None:
        return None
    errors = queries.required("errors", A_QUERY, read_events_per_second)
    total = queries.required("total", A_QUERY, read_events_per_second)
    return None if errors is None or total is None else EventRatio(total, errors=errors)


def _good_over_total(field: Field) -> Indicator | None:
    queries = field.mapping(("good", "total"))
    if queries is None:
        return None
    good = queries.required("good", A_QUERY, read_events_per_second)
    total = queries.required("total", A_QUERY, read_events_per_second)
    return None if good is None or total is None else EventRatio(total, good=good)


def _latency(field: Field) -> Indicator | None:
    fields = field.mapping(("buckets", "histogram", "threshold"))
    if fields is None:
        return None
    threshold = fields.required("threshold", _A_BOUND, _read_bound)
    if ("buckets" in fields) == ("histogram" in fields):
        expected = "either buckets (a classic histogram's) or histogram (a native one)"
        field.refuse(expected, "both" if "buckets" in fields else "neither")
        return None
    buckets = fields.optional("buckets", _read_buckets, "")
    histogram = fields.optional("histogram", read_selector, "")
    if threshold is None or buckets is None or histogram is None:
        return None
    return faster_than(buckets, threshold) if buckets else faster_than_natively(histogram, threshold)


def faster_than(buckets: str, threshold: Fraction) -> EventRatio:
    """Good events are those of a classic histogram at or below a bound that is one of its buckets'."""
    good, total = (
        f"rate({with_matcher(buckets, matcher)}{OVER})"
        for matcher in (bucket_matcher(threshold), f'{BUCKET_LABEL}="+Inf"')
    )
    return EventRatio(total, good=good, same_series=True)


def faster_than_natively(histogram: str, threshold: Fraction) -> EventRatio:
    """Failed events are those of a native histogram above a bound, which is interpolated within its bucket."""
    rate = f"rate({histogram}{OVER})"
    # Without an observation the fraction is NaN.
    failed = f"histogram_fraction({number_text(threshold)}, +Inf, {rate}) * (histogram_count({rate}) > 0)"
    return EventRatio(f"histogram_count({rate})", errors=failed)


def _boolean_gauge(field: Field) -> Indicator | None:
    fields = field.mapping(("metric",))
    metric = fields.required("metric", "a selector of a gauge", read_selector) if fields else None
    return share_of_time(metric) if metric else None


def share_of_time(gauge: str) -> EventRatio:
    """Each sample of a gauge is an event, good where it is 1, failed where it is 0."""
    good, total = (f"{function}({gauge}{OVER})" for function in ("sum_over_time", "count_over_time"))
    return EventRatio(total, good=good, countable=False, same_series=True)


def _raw(field: Field) -> Indicator | None:
    fields = field.mapping(("errorRatio", "total"))
    if fields is None:
        return None
    ratio = fields.required("errorRatio", A_QUERY, read_windowed_query)
    total = fields.optional("total", read_events_per_second, "")
    return None if ratio is None or total is None else RatioQuery(ratio, total)


READERS: dict[str, Callable[[Field], Indicator | None]] = {
    "errorsOverTotal": _errors_over_total,
    "goodOverTotal": _good_over_total,
    "latency": _latency,
    "booleanGauge": _boolean_gauge,
    "raw": _raw,
}
"""By the names that they have in a specification."""


def _read_buckets(field: Field) -> str | None:
    selector = read_selector(field, without=BUCKET_LABEL)
    name = metric_name(selector) if selector else ""
    if name and not name.endswith("_bucket"):
        field.refuse(f"the buckets of a classic histogram, {name}_bucket, or histogram: {name} for a native one")
        return None
    return selector


def _read_bound(field: Field) -> Fraction | None:
    text = str(field.node.value) if isinstance(field.node, yaml.ScalarNode) else ""
    bound = Fraction(Decimal(text)) if BOUND.fullmatch(text) else Fraction(0)
    if bound <= 0:
        field.refuse(_A_BOUND)
        return None
    return bound
