"""pyrra's indicators: selectors of series, of which the rates are taken."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import NamedTuple

import promql_parser as promql

from rules.fields import Field, Fields
from rules.identifiers import A_LABEL_NAME, LABEL_NAME
from rules.names import WINDOW_PLACEHOLDER
from rules.promql import QueryError, one_line
from rules.specification import EventRatio, Indicator, Labels
from rules.syntax import parse_query
from rules.windows import in_seconds, number_text

_A_SELECTOR = 'a selector of series such as http_requests_total{job="shop"}'
_OVER = f"[{WINDOW_PLACEHOLDER}]"
_BOUND = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`|\ble\s*=\s*(?P<bound>\"[^\"]*\"|'[^']*')")


class PyrraIndicator(NamedTuple):
    """The indicator, the labels that it is grouped by, and those that its selector sets to one value."""

    indicator: Indicator
    grouping: tuple[str, ...]
    fixed: Labels


class _Selector(NamedTuple):
    text: str
    fixed: Labels
    labels: frozenset[str]


def read_indicator(field: Field) -> PyrraIndicator | None:
    """The one indicator of an objective."""
    fields = field.mapping(_READERS)
    if fields is None:
        return None
    given = [name for name in _READERS if fields.given(name) is not None]
    if len(given) != 1:
        field.refuse(f"exactly one of {', '.join(_READERS)}", " and ".join(given) or "none of them")
        return None
    place = fields.given(given[0])
    return _READERS[given[0]](place) if place else None


def _read_ratio(place: Field) -> PyrraIndicator | None:
    fields = place.mapping(("errors", "success", "total", "grouping"))
    if fields is None:
        return None
    grouping = _read_grouping(fields)
    total = fields.required("total", "metric", _read_metric)
    parts = [name for name in ("errors", "success") if fields.given(name) is not None]
    if len(parts) != 1:
        place.refuse("either errors or success", " and ".join(parts) or "none of them")
        return None
    part = fields.required(parts[0], "metric", _read_metric)
    if grouping is None or total is None or part is None:
        return None
    if part.text == total.text:
        place.refuse(f"{parts[0]} that are a part of all events", "the same metric twice")
        return None
    rate = f"rate({part.text}{_OVER})"
    ratio = EventRatio(
        f"rate({total.text}{_OVER})",
        errors=rate if parts == ["errors"] else "",
        good=rate if parts == ["success"] else "",
    )
    return PyrraIndicator(ratio, grouping, _fixed(total, grouping))


def _read_latency(place: Field) -> PyrraIndicator | None:
    fields = place.mapping(("success", "total", "grouping"))
    if fields is None:
        return None
    grouping = _read_grouping(fields)
    total = fields.required("total", "metric", _read_metric)
    success = fields.required("success", "metric", _read_bucket)
    if grouping is None or total is None or success is None:
        return None
    ratio = EventRatio(f"rate({total.text}{_OVER})", good=f"rate({success}{_OVER})")
    return PyrraIndicator(ratio, grouping, _fixed(total, grouping))


def _read_native_latency(place: Field) -> PyrraIndicator | None:
    fields = place.mapping(("total", "latency", "grouping"))
    if fields is None:
        return None
    grouping = _read_grouping(fields)
    total = fields.required("total", "metric", _read_metric)
    latency = fields.required("latency", "a duration such as 200ms", Field.duration)
    if grouping is None or total is None or latency is None:
        return None
    return PyrraIndicator(_slower_than(total.text, latency), grouping, _fixed(total, grouping))


def _slower_than(histogram: str, latency: timedelta) -> EventRatio:
    rate = f"rate({histogram}{_OVER})"
    # Without an observation the fraction is NaN, which would stay in whatever is summed up over it.
    errors = f"histogram_fraction({number_text(in_seconds(latency))}, +Inf, {rate}) * (histogram_count({rate}) > 0)"
    return EventRatio(f"histogram_count({rate})", errors=errors)


def _read_boolean_gauge(place: Field) -> PyrraIndicator | None:
    fields = place.mapping(("metric", "grouping"))
    if fields is None:
        return None
    grouping = _read_grouping(fields)
    gauge = fields.required("metric", _A_SELECTOR, _read_selector)
    if grouping is None or gauge is None:
        return None
    ratio = EventRatio(
        f"count_over_time({gauge.text}{_OVER})", good=f"sum_over_time({gauge.text}{_OVER})", countable=False
    )
    return PyrraIndicator(ratio, grouping, _fixed(gauge, grouping))


_READERS: dict[str, Callable[[Field], PyrraIndicator | None]] = {
    "ratio": _read_ratio,
    "latency": _read_latency,
    "latencyNative": _read_native_latency,
    "bool_gauge": _read_boolean_gauge,
}


def _read_grouping(fields: Fields) -> tuple[str, ...] | None:
    place = fields.given("grouping")
    items = place.items() if place else []
    if items is None:
        return None
    labels = [item.matching(LABEL_NAME, A_LABEL_NAME) for item in items]
    found = tuple(label for label in labels if label is not None)
    return tuple(dict.fromkeys(found)) if len(found) == len(labels) else None


def _read_metric(field: Field) -> _Selector | None:
    fields = field.mapping(("metric",))
    return fields.required("metric", _A_SELECTOR, _read_selector) if fields else None


def _read_bucket(field: Field) -> str | None:
    fields = field.mapping(("metric",))
    place = fields.required("metric", _A_SELECTOR, lambda field: field) if fields else None
    selector = _read_selector(place) if place else None
    if place is None or selector is None:
        return None
    if "le" not in selector.labels:
        place.refuse('the bucket that holds what was fast enough, as le="0.5"')
        return None
    return _BOUND.sub(_all_spellings, selector.text)


def _all_spellings(token: re.Match[str]) -> str:
    """Prometheus 3 writes le="1.0" where 2 kept the exporter's le="1"."""
    if token["bound"] is None:
        return token[0]
    try:
        bound = Fraction(Decimal(token["bound"][1:-1]))
    except (InvalidOperation, OverflowError, ValueError):
        return token[0]
    whole = number_text(bound)
    return f'le=~"{whole}|{whole}\\\\.0"' if bound.denominator == 1 else token[0]


def _read_selector(field: Field) -> _Selector | None:
    text = field.text()
    if text is None:
        return None
    try:
        tree = parse_query(text)
    except QueryError as error:
        field.refuse(_A_SELECTOR, str(error))
        return None
    if not isinstance(tree, promql.VectorSelector) or tree.offset is not None or tree.at is not None:
        field.refuse(f"{_A_SELECTOR}, without a function, a range or an offset")
        return None
    matchers = tree.matchers.matchers
    equal = [(one.name, one.value) for one in matchers if one.op == promql.MatchOp.Equal]
    fixed = tuple((name, value) for name, value in equal if LABEL_NAME.fullmatch(name) and name != "le" and value)
    return _Selector(one_line(text), fixed, frozenset(one.name for one in matchers))


def _fixed(selector: _Selector, grouping: tuple[str, ...]) -> Labels:
    return tuple(pair for pair in selector.fixed if pair[0] not in grouping)
