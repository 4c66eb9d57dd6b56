"""A raw error ratio taken apart into failed (or good) events and all events, where that is what it is.

Two queries tell more than their quotient: how many events failed, and that none failed yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import promql_parser as promql

from rules.fields import Field
from rules.foreign.query import Query, Sli, count_alike, event_ratio, grouping_of, tree_of
from rules.promql import QueryError
from rules.specification import RatioQuery

_TOKEN = re.compile(
    r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<operator>[-/])"
)


class Quotient(NamedTuple):
    """`part / total`; the part is of good events where the ratio is 1 less the quotient."""

    part: Query
    total: Query
    is_good: bool


def raw_ratio(place: Field, query: Query) -> Sli | None:
    """The indicator of a raw error ratio: of its two queries where they count events, else the ratio itself."""
    found = quotient_of(query)
    if found is None or not count_alike(found.part, found.total):
        return Sli(RatioQuery(query.text), grouping_of(query))
    if found.is_good:
        return event_ratio(place, found.total, good=found.part)
    return event_ratio(place, found.total, errors=found.part)


def quotient_of(query: Query) -> Quotient | None:
    """The ratio as `errors / total` or `1 - good / total`; None where it is anything else."""
    query = _bare(query)
    tree = query.tree
    if not isinstance(tree, promql.BinaryExpr):
        return None
    if str(tree.op) == "-" and isinstance(tree.lhs, promql.NumberLiteral) and tree.lhs.val == 1:
        sides = _sides(query, "-")
        inner = quotient_of(sides[1]) if sides else None
        return inner._replace(is_good=True) if inner and not inner.is_good else None
    sides = _sides(query, "/") if str(tree.op) == "/" else None
    return Quotient(sides[0], sides[1], is_good=False) if sides else None


def _bare(query: Query) -> Query:
    text, tree = query.text.strip(), query.tree
    while isinstance(tree, promql.ParenExpr):
        text, tree = text[1:-1].strip(), tree.expr
    return Query(text, tree)


def _sides(query: Query, operator: str) -> tuple[Query, Query] | None:
    """The texts left and right of the outermost operator: those that the parser reads as the tree's two sides.

    None with `on` or `ignoring`, which stand before the right side.
    """
    tree = query.tree
    assert isinstance(tree, promql.BinaryExpr)  # noqa: S101 - see `quotient_of`
    for position in _outermost(query.text, operator):
        left, right = query.text[:position].strip(), query.text[position + 1 :].strip()
        try:
            same = (repr(tree_of(left)), repr(tree_of(right))) == (repr(tree.lhs), repr(tree.rhs))
        except QueryError:
            same = False
        if same:
            return Query(left, tree.lhs), Query(right, tree.rhs)
    return None


def _outermost(text: str, operator: str) -> Iterator[int]:
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += bool(token["open"]) - bool(token["close"])
        if depth == 0 and token["operator"] == operator:
            yield token.start()
