"""Queries of foreign specifications: their placeholder becomes ours, and what they count is found out.

A query counts events where it is nothing but sums of `rate(…[window])`, or of `increase(…[window])`, which is the same
times the window. Of anything else one failure may count as many, or as a fraction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import promql_parser as promql

from rules.durations import parse_duration
from rules.fields import Field
from rules.foreign.output import output_labels
from rules.names import WINDOW_PLACEHOLDER
from rules.promql import QueryError, argument_of, one_line
from rules.specification import EventRatio, Indicator
from rules.syntax import gives_series, parse_query

GO_PLACEHOLDER = re.compile(r"\{\{ *\.window *\}\}")
"""The window as a Go template has it: `{{.window}}`."""
_STAND_IN = "1h1m7s"
"""A range that nobody writes: it takes the placeholder's place for the parser."""
_STAND_IN_RANGE = parse_duration(_STAND_IN)
_FILLED = re.compile(r"\s+or\s+(on\s*\(\s*\)\s*)?vector\s*\(\s*0\s*\)\s*\Z", re.IGNORECASE)
_BY_BEFORE = re.compile(r"sum\s*by\s*\(([^()]*)\)\s*(?=\()")
_BY_AFTER = re.compile(r"\)\s*by\s*\(([^()]*)\)\Z")
_INCREASE = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`|\bincrease(?=\s*\()", re.IGNORECASE)
_COUNTS = frozenset({"rate", "increase"})


@dataclass(frozen=True, slots=True)
class Query:
    """A query on one line, with the placeholder `$window`, as text and as the parser reads it."""

    text: str
    tree: promql.Expr

    @property
    def has_window(self) -> bool:
        """Whether the placeholder is in it."""
        return WINDOW_PLACEHOLDER in self.text


class Sli(NamedTuple):
    """An indicator, and the labels that tell its series apart, as far as its queries say so."""

    indicator: Indicator
    grouping: tuple[str, ...] = ()


def read_query(field: Field) -> Query | None:
    """A query with the placeholder `{{.window}}`."""
    text = field.text()
    if text is not None and WINDOW_PLACEHOLDER in text:
        field.refuse("{{.window}}", WINDOW_PLACEHOLDER)
        return None
    query = read_any_query(field)
    if query is not None and not query.has_window:
        field.refuse("a PromQL query over [{{.window}}], as in rate(http_requests_total[{{.window}}])")
        return None
    return query


def read_any_query(field: Field) -> Query | None:
    """A query that may have the placeholder, as `{{.window}}` or as ours."""
    text = field.text()
    if text is None:
        return None
    try:
        text = GO_PLACEHOLDER.sub(WINDOW_PLACEHOLDER, one_line(text))
    except QueryError as error:
        field.refuse("a PromQL expression", str(error))
        return None
    if "{{" in text:
        field.refuse("no other template than {{.window}}")
        return None
    return _parsed(field, text)


def event_ratio(place: Field, total: Query, *, errors: Query | None = None, good: Query | None = None) -> Sli | None:
    """The indicator of two queries, one of which is `errors` or `good`."""
    part = errors or good
    assert part is not None  # noqa: S101 - see above
    units = {_unit(part.tree), _unit(total.tree)}
    if units == _COUNTS:
        place.refuse("rate in both queries, or increase in both", "rate in one and increase in the other")
        return None
    countable = units in ({"rate"}, {"increase"})
    texts = [part.text, total.text]
    if units == {"increase"}:
        # What increases in a window is its rate times the window: the quotient stays, and events are told per second.
        texts = [_per_second(text) for text in texts]
    sums = [_sum_of(text) for text in texts] if countable else [None, None]
    alike = sums[0] is not None and sums[1] is not None and sorted(sums[0].by) == sorted(sums[1].by)
    if alike:
        texts = [found.query for found in sums if found is not None]
    ratio = EventRatio(
        texts[1],
        errors=texts[0] if errors else "",
        good="" if errors else texts[0],
        countable=countable,
        aggregated=not alike,
    )
    return Sli(ratio, sums[1].by if alike and sums[1] is not None else grouping_of(total))


def grouping_of(query: Query) -> tuple[str, ...]:
    """The labels that a query's series have, as far as it tells."""
    return tuple(sorted(output_labels(query.tree) or ()))


def tree_of(text: str) -> promql.Expr:
    """A query with our placeholder as a tree. Raises `QueryError`."""
    # The placeholder may stand in a metric's name as well: my:ratio_rate$window.
    return parse_query(text.replace(WINDOW_PLACEHOLDER, _STAND_IN))


def count_alike(first: Query, second: Query) -> bool:
    """Whether both count events, in one unit."""
    return _unit(first.tree) == _unit(second.tree) != ""


def _parsed(field: Field, text: str) -> Query | None:
    try:
        tree = tree_of(text)
    except QueryError as error:
        field.refuse("a PromQL expression", str(error))
        return None
    if not gives_series(tree):
        field.refuse("a PromQL expression that gives series (an instant vector)")
        return None
    return Query(text, tree)


def _unit(tree: promql.Expr) -> str:
    functions = _functions(tree)
    return "".join(functions) if functions is not None and len(functions) == 1 else ""


def _functions(tree: promql.Expr) -> set[str] | None:
    """The functions over the window that the values are sums of; None where they are anything else."""
    match tree:
        case promql.ParenExpr():
            return _functions(tree.expr)
        case promql.AggregateExpr() if str(tree.op) == "sum":
            return _functions(tree.expr)
        case promql.Call():
            return _of_call(tree)
        case promql.BinaryExpr():
            return _of_operation(tree)
    return None


def _of_call(call: promql.Call) -> set[str] | None:
    name, arguments = call.func.name, list(call.args)
    if name in _COUNTS and isinstance(arguments[0], promql.MatrixSelector):
        return {name} if arguments[0].range == _STAND_IN_RANGE else None
    if name in ("label_replace", "label_join"):
        return _functions(arguments[0])
    if name == "vector" and isinstance(arguments[0], promql.NumberLiteral) and arguments[0].val == 0:
        return set()
    return None


def _of_operation(operation: promql.BinaryExpr) -> set[str] | None:
    match str(operation.op):
        case "+" | "-" | "or":
            left, right = _functions(operation.lhs), _functions(operation.rhs)
            return None if left is None or right is None else left | right
        case "and" | "unless":
            return _functions(operation.lhs)
        case ">" | ">=" | "!=" if isinstance(operation.rhs, promql.NumberLiteral):
            returns_bool = operation.modifier is not None and operation.modifier.return_bool
            return None if returns_bool else _functions(operation.lhs)
    return None


def _per_second(text: str) -> str:
    return _INCREASE.sub(lambda token: "rate" if token[0].lower() == "increase" else token[0], text)


class _Sum(NamedTuple):
    query: str
    by: tuple[str, ...]


def _sum_of(text: str) -> _Sum | None:
    """What the query sums up, and by which labels; None where it does anything else.

    A zero where there is no series (`or vector(0)`) is left out: it is filled in anyway.
    """
    text = _FILLED.sub("", text)
    before, after = _BY_BEFORE.match(text), _BY_AFTER.search(text)
    labels = ""
    if before:
        labels, text = before[1], f"sum{text[before.end() :]}"
    elif after:
        labels, text = after[1], text[: after.start() + 1]
    query = argument_of(text, "sum")
    return None if query is None else _Sum(query, tuple(label for part in labels.split(",") if (label := part.strip())))
