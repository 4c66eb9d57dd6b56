"""Take an alerting rule's expression apart: the SLI, and the threshold that it is compared with.

The grammar is Prometheus 3's, by the parser of `promql-parser`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

import promql_parser as promql

from rules.comparison import MIRRORED, Comparison
from rules.syntax import absence, bare, children, constant, parse, parts

LONGEST_EXPRESSION = 8192
NO_TIME = timedelta(0)
_MATCHER = re.compile(r"^ +Matcher \{\n(?:.*\n)*?^ +\},\n", re.MULTILINE)
_MATCHERS = re.compile(rf"(?:{_MATCHER.pattern})+", re.MULTILINE)


class NoThreshold(ValueError):  # noqa: N818 - a kind of rule, not a failure
    """The expression is no SLI compared with a number; the message says why."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """An SLI as a PromQL expression, bad while `sli comparison limit` holds.

    `window` is how far back the expression looks at the most; zero where it has no range.
    """

    sli: str
    comparison: Comparison
    limit: float
    window: timedelta


def read_threshold(expression: str) -> Threshold:
    """The SLI and the threshold of a rule. Raises `NoThreshold`, for text that is no PromQL as well."""
    if len(expression) > LONGEST_EXPRESSION:
        raise NoThreshold(f"the expression is longer than {LONGEST_EXPRESSION} characters")
    comparison = bare(_parse(expression))
    if not isinstance(comparison, promql.BinaryExpr):
        raise NoThreshold("the expression is not a comparison with a number")
    operator = str(comparison.op)
    if operator in ("and", "or", "unless"):
        raise NoThreshold(f"the expression combines several with {operator!r}")
    if operator not in list(Comparison):
        raise NoThreshold(f"the expression's outermost operator is {operator!r}, no threshold")
    if comparison.modifier is not None and comparison.modifier.return_bool:
        raise NoThreshold("the comparison is a 'bool' one, which always gives a value")
    left, right = constant(comparison.lhs), constant(comparison.rhs)
    if (left is None) == (right is None):
        raise NoThreshold("the comparison is not one of series with a constant number")
    sli, limit, stands = (
        (comparison.lhs, right, Comparison(operator))
        if right is not None
        else (comparison.rhs, left, MIRRORED[Comparison(operator)])
    )
    assert limit is not None  # noqa: S101 - one of the two is a number
    _check(sli)
    return Threshold(_text(sli), stands, limit, _looks_back(sli))


def _parse(expression: str) -> promql.Expr:
    try:
        return parse(expression)
    except ValueError as error:
        raise NoThreshold(f"the parser refuses the expression: {error}") from None


def _check(sli: promql.Expr) -> None:
    outermost = bare(sli)
    if isinstance(outermost, promql.BinaryExpr) and str(outermost.op) in (*Comparison, "==", "!=", "and", "unless"):
        raise NoThreshold("the expression filters what it compares: there is no value while it is good")
    found = list(parts(sli))
    selectors = [part for part in found if isinstance(part, promql.VectorSelector)]
    timed = [part for part in found if isinstance(part, promql.VectorSelector | promql.SubqueryExpr)]
    if not selectors:
        raise NoThreshold("the expression selects no series")
    if absence(sli):
        raise NoThreshold(f"{absence(sli)} has no value while there are series")
    if any(part.at is not None for part in timed):
        raise NoThreshold("the expression looks at a fixed time (@)")
    if min(part.offset or NO_TIME for part in selectors) > NO_TIME:
        raise NoThreshold("the expression looks at an earlier time only (offset)")


def _text(sli: promql.Expr) -> str:
    """The expression as text, which the parser must read as the same expression."""
    text = sli.prettify()
    if _tree(_parse(text)) != _tree(sli):
        raise NoThreshold("the expression cannot be written down again without its threshold")
    return text


def _tree(expression: promql.Expr) -> str:
    """What the parser has read, each selector's matchers in one order: as text it gives them sorted."""
    return _MATCHERS.sub(lambda found: "".join(sorted(_MATCHER.findall(found[0]))), repr(expression))


def _looks_back(expression: promql.Expr) -> timedelta:
    if isinstance(expression, promql.MatrixSelector):
        return expression.range
    own = expression.range or NO_TIME if isinstance(expression, promql.SubqueryExpr) else NO_TIME
    return own + max(map(_looks_back, children(expression)), default=NO_TIME)
