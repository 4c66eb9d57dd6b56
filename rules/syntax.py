"""Queries as Prometheus 3's grammar has them, by the parser of `promql-parser`."""

from __future__ import annotations

from collections.abc import Iterator

import promql_parser as promql

from rules.names import WINDOW_PLACEHOLDER
from rules.promql import QueryError, is_only_in_ranges, one_line

LONGEST_QUERY = 8192
"""Characters: each query is written into a dozen rules, and an object has to fit into a ConfigMap."""
MOST_LEVELS = 100
_LONGEST_SHOWN = 120
_SOME_WINDOW = "5m"


def parse(text: str) -> promql.Expr:
    """What the parser reads. Raises `ValueError`, also for text at which the parser itself fails (`offset NaN`).

    Its failure is no `Exception` to Python, and would end whatever looks at somebody's rule.
    """
    try:
        return promql.parse(text)
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ValueError(f"the parser fails: {error}") from None


def parse_query(query: str) -> promql.Expr:
    """The syntax tree of a query, in which `$window` may stand as the length of a range; there it is 5m in the tree.

    Raises `QueryError`: not PromQL, longer than `LONGEST_QUERY`, or with the placeholder elsewhere.
    """
    if len(query) > LONGEST_QUERY:
        raise QueryError(f"{len(query)} characters, more than {LONGEST_QUERY}")
    line = one_line(query)
    if not line:
        raise QueryError("nothing but a comment")
    if not is_only_in_ranges(line, WINDOW_PLACEHOLDER):
        raise QueryError(f"{WINDOW_PLACEHOLDER} elsewhere than in a range")
    try:
        expression = parse(line.replace(WINDOW_PLACEHOLDER, _SOME_WINDOW))
    except ValueError as error:
        said = " ".join(str(error).split())
        shown = said if len(said) <= _LONGEST_SHOWN else said[:_LONGEST_SHOWN] + "…"
        raise QueryError(f"what the PromQL parser refuses ({shown})") from None
    if any(level > MOST_LEVELS for level, _ in _levels(expression)):
        raise QueryError(f"more than {MOST_LEVELS} expressions in one another")
    return expression


def parts(expression: promql.Expr) -> Iterator[promql.Expr]:
    """The expression and all that it is made of."""
    return (part for _, part in _levels(expression))


def children(expression: promql.Expr) -> list[promql.Expr]:
    """What an expression is directly made of."""
    match expression:
        case promql.BinaryExpr():
            return [expression.lhs, expression.rhs]
        case promql.AggregateExpr():
            return [expression.expr, *([expression.param] if expression.param is not None else [])]
        case promql.Call():
            return list(expression.args)
        case promql.MatrixSelector():
            return [expression.vector_selector]
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return [expression.expr]
    return []


def bare(expression: promql.Expr) -> promql.Expr:
    """What stands inside of brackets."""
    while isinstance(expression, promql.ParenExpr):
        expression = expression.expr
    return expression


def constant(expression: promql.Expr) -> float | None:
    """The number that a constant expression is; None for anything else."""
    expression = bare(expression)
    if isinstance(expression, promql.NumberLiteral):
        return expression.val
    if isinstance(expression, promql.UnaryExpr):
        number = constant(expression.expr)
        return None if number is None else -number
    if isinstance(expression, promql.BinaryExpr):
        left, right = constant(expression.lhs), constant(expression.rhs)
        if left is None or right is None:
            return None
        match str(expression.op):
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/" if right != 0:
                return left / right
    return None


def absence(expression: promql.Expr) -> str:
    """The function in it that gives something where there are no series; empty where there is none."""
    calls = [part.func.name for part in parts(expression) if isinstance(part, promql.Call)]
    return next((name for name in calls if name in ("absent", "absent_over_time")), "")


def gives_series(expression: promql.Expr) -> bool:
    """Whether its value is a vector: no number, no text, no range."""
    match expression:
        case promql.NumberLiteral() | promql.StringLiteral() | promql.MatrixSelector() | promql.SubqueryExpr():
            return False
        case promql.ParenExpr() | promql.UnaryExpr():
            return gives_series(expression.expr)
        case promql.BinaryExpr():
            return gives_series(expression.lhs) or gives_series(expression.rhs)
        case promql.Call():
            return bool(expression.func.return_type == promql.ValueType.Vector)
    return True


def _levels(expression: promql.Expr) -> Iterator[tuple[int, promql.Expr]]:
    waiting = [(1, expression)]
    while waiting:
        level, part = waiting.pop()
        yield level, part
        waiting += [(level + 1, child) for child in reversed(children(part))]
