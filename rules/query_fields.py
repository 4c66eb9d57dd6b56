"""Queries of a specification, checked by the parser; what is refused is noted with its line."""

from __future__ import annotations

import promql_parser as promql

from rules.fields import Field
from rules.names import WINDOW_PLACEHOLDER
from rules.promql import QueryError, functions_over, one_line
from rules.syntax import gives_series, parse_query

OVER = f"[{WINDOW_PLACEHOLDER}]"
A_QUERY = f"a PromQL query over {OVER}"


def read_query(field: Field) -> str | None:
    """A PromQL expression that gives series, on one line and without comments."""
    parsed = _parsed(field)
    return None if parsed is None else one_line(str(field.node.value))


def read_windowed_query(field: Field) -> str | None:
    """One that looks back over `[$window]`, with whatever function."""
    query = read_query(field)
    if query is not None and not functions_over(query, WINDOW_PLACEHOLDER):
        field.refuse(f"{A_QUERY}, as in rate(http_request_total{OVER})")
        return None
    return query


def read_events_per_second(field: Field) -> str | None:
    """One that looks back over `[$window]` by `rate` only.

    Failed events are counted as their rate times the window's length: of anything else, one failure would be many.
    """
    query = read_windowed_query(field)
    if query is None:
        return None
    others = sorted(functions_over(query, WINDOW_PLACEHOLDER) - {"rate"})
    if others:
        found = " and ".join(f"{name}(…{OVER})" if name else f"{OVER} outside a function" for name in others)
        field.refuse(f"events per second, that is rate(…{OVER})", found)
        return None
    return query


def read_expression(field: Field) -> str | None:
    """A rule's whole expression, word for word: comments and line breaks are kept."""
    if _parsed(field) is None:
        return None
    text = str(field.node.value).strip()
    if WINDOW_PLACEHOLDER in text:
        field.refuse(f"a range such as [5m] instead of {WINDOW_PLACEHOLDER}")
        return None
    return text


def _parsed(field: Field) -> promql.Expr | None:
    text = field.text()
    if text is None:
        return None
    try:
        expression = parse_query(text)
    except QueryError as error:
        field.refuse("a PromQL expression", str(error))
        return None
    if not gives_series(expression):
        field.refuse("a PromQL expression that gives series (an instant vector)")
        return None
    return expression
