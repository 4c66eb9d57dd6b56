"""Selectors of series, and the bounds of histograms' buckets in all their spellings."""

from __future__ import annotations

from fractions import Fraction

import promql_parser as promql

from rules.fields import Field
from rules.promql import QueryError, one_line, quoted
from rules.syntax import bare, parse_query
from rules.windows import number_text

BUCKET_LABEL = "le"
A_SELECTOR = 'a selector such as http_request_total{namespace="shop"}'
_FEWEST_ZEROS = 3
"""From 1e3, and from 1e-3 down, a client library may write a bound with an exponent."""


def read_selector(field: Field, *, without: str = "") -> str | None:
    """A selector of series, without a range; it may not match the label `without`."""
    text = field.text()
    if text is None:
        return None
    try:
        selector = parse_query(text)
    except QueryError as error:
        field.refuse(A_SELECTOR, str(error))
        return None
    if not isinstance(selector, promql.VectorSelector) or selector.offset is not None or selector.at is not None:
        field.refuse(f"{A_SELECTOR}, without a range, a function or an offset")
        return None
    if selector.matchers.or_matchers:
        field.refuse(f"{A_SELECTOR}, without 'or'")
        return None
    if any(matcher.name == without for matcher in selector.matchers.matchers):
        field.refuse(f"{A_SELECTOR}, without a matcher for {without}: that is added")
        return None
    return one_line(text)


def metric_name(selector: str) -> str:
    """The name of the metric that is selected; empty where no single one is."""
    parsed = bare(parse_query(selector))
    assert isinstance(parsed, promql.VectorSelector)  # noqa: S101 - what `read_selector` has accepted
    named = [m.value for m in parsed.matchers.matchers if m.name == "__name__" and m.op == promql.MatchOp.Equal]
    return parsed.name or "".join(named)


def with_matcher(selector: str, matcher: str) -> str:
    """A selector that `read_selector` has accepted, with one more matcher."""
    if not selector.endswith("}"):
        return f"{selector}{{{matcher}}}"
    matchers = selector[:-1].rstrip()
    comma = "" if matchers.endswith(("{", ",")) else ","
    return f"{matchers}{comma}{matcher}}}"


def bucket_matcher(bound: Fraction) -> str:
    """The matcher of a bucket's upper bound, however the exporter and this Prometheus spell it.

    Prometheus 3 writes `le="1.0"` where 2 kept the exporter's `le="1"`; while old and new samples are in a window,
    both are needed.
    """
    spellings = bound_spellings(bound)
    if len(spellings) == 1:
        return f"{BUCKET_LABEL}={quoted(spellings[0])}"
    pattern = "|".join(spelling.replace(".", r"\.").replace("+", r"\+") for spelling in spellings)
    return f"{BUCKET_LABEL}=~{quoted(pattern)}"


def bound_spellings(bound: Fraction) -> tuple[str, ...]:
    """How a bound above 0 that is a decimal may be written."""
    plain = number_text(bound)
    spellings = [plain, f"{plain}.0"] if bound.denominator == 1 else [plain]
    digits = plain.replace(".", "").strip("0")
    exponent = len(plain.split(".", maxsplit=1)[0]) - 1
    if bound < 1:
        exponent = -(len(plain) - len(plain.split(".")[1].lstrip("0")) - 1)
    if abs(exponent) >= _FEWEST_ZEROS:
        mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
        spellings.append(f"{mantissa}e{exponent:+03d}")
        spellings += [f"{number}{e}{exponent}" for e in "eE" for number in dict.fromkeys((mantissa, _point(mantissa)))]
    return tuple(spellings)


def _point(mantissa: str) -> str:
    return mantissa if "." in mantissa else f"{mantissa}.0"
