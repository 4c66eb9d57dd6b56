"""pyrra's indicators: selectors of series, of which the rates are taken."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import NamedTuple

import promql_parser as promql

from rules.fields import Field, Fields
from rules.identifiers import A_LABEL_NAME, LABEL_NAME
from rules.indicators import faster_than_natively, share_of_time
from rules.query_fields import OVER
from rules.selectors import A_SELECTOR, BUCKET_LABEL, bucket_matcher, metric_name, read_selector
from rules.specification import EventRatio, Indicator, Labels
from rules.syntax import parse_query
from rules.windows import in_seconds

_BOUND = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`|\ble\s*=\s*(?P<bound>\"[^\"]*\"|'[^']*')")


class PyrraIndicator(NamedTuple):
    """The indicator, the labels that it is grouped by, and those that its selector sets to one value."""

    indicator: Indicator
    grouping: tuple[str, ...]
    fixed: Labels


class _Selector(NamedTuple):
    text: str
    metric: str
    matchers: dict[str, tuple[promql.MatchOp, str]]

    @property
    def without_bound(self) -> tuple[str, dict[str, tuple[promql.MatchOp, str]]]:
        """The histogram that a bucket or a count is of, and the other matchers."""
        name = self.metric.removesuffix("_bucket").removesuffix("_count")
        return name, {label: how for label, how in self.matchers.items() if label not in (BUCKET_LABEL, "__name__")}


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
    rate = f"rate({part.text}{OVER})"
    ratio = EventRatio(
        f"rate({total.text}{OVER})",
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
    # Where the two are of one histogram, a missing bucket is one that it does not have.
    same = success.without_bound == total.without_bound
    bucket = _BOUND.sub(_all_spellings, success.text)
    ratio = EventRatio(f"rate({total.text}{OVER})", good=f"rate({bucket}{OVER})", same_series=same)
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
    return PyrraIndicator(faster_than_natively(total.text, in_seconds(latency)), grouping, _fixed(total, grouping))


def _read_boolean_gauge(place: Field) -> PyrraIndicator | None:
    fields = place.mapping(("metric", "grouping"))
    if fields is None:
        return None
    grouping = _read_grouping(fields)
    gauge = fields.required("metric", A_SELECTOR, _read_selector)
    if grouping is None or gauge is None:
        return None
    return PyrraIndicator(share_of_time(gauge.text), grouping, _fixed(gauge, grouping))


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
    return fields.required("metric", A_SELECTOR, _read_selector) if fields else None


def _read_bucket(field: Field) -> _Selector | None:
    selector = _read_metric(field)
    if selector is not None and BUCKET_LABEL not in selector.matchers:
        field.refuse('a metric with the bucket that holds what was fast enough, as le="0.5"', repr(selector.text))
        return None
    return selector


def _all_spellings(token: re.Match[str]) -> str:
    """A bucket's matcher for all that the exporter and Prometheus may call it; other text as it is."""
    try:
        bound = Fraction(Decimal(token["bound"][1:-1])) if token["bound"] else Fraction(0)
    except (InvalidOperation, OverflowError, ValueError):
        return token[0]
    return bucket_matcher(bound) if bound > 0 else token[0]


def _read_selector(field: Field) -> _Selector | None:
    text = read_selector(field)
    if text is None:
        return None
    tree = parse_query(text)
    assert isinstance(tree, promql.VectorSelector)  # noqa: S101 - what `read_selector` has accepted
    return _Selector(text, metric_name(text), {one.name: (one.op, one.value) for one in tree.matchers.matchers})


def _fixed(selector: _Selector, grouping: tuple[str, ...]) -> Labels:
    """The labels that all of its series have, but those that series are told apart by."""
    equal = ((name, value) for name, (operator, value) in selector.matchers.items() if operator == promql.MatchOp.Equal)
    others = {BUCKET_LABEL, *grouping}
    return tuple((name, value) for name, value in equal if value and name not in others and LABEL_NAME.fullmatch(name))
