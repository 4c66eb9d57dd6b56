"""Which labels the series of an expression can have, as far as its text tells.

A selector's series may have any label. What aggregations, matching and `label_replace` do to labels follows Prometheus'
documentation of operators and functions.
"""

from __future__ import annotations

import promql_parser as promql

from rules.syntax import bare

_KEEPING = ("topk", "bottomk", "limitk", "limit_ratio")
"""Aggregations that choose some of the series, and leave those as they are."""


def can_carry(expression: promql.Expr, label: str) -> bool:
    """Whether a series that the expression gives can have this label."""
    match expression:
        case promql.VectorSelector():
            return not any(
                matcher.name == label and matcher.op == promql.MatchOp.Equal and not matcher.value
                for matcher in expression.matchers.matchers
            )
        case promql.MatrixSelector():
            return can_carry(expression.vector_selector, label)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return can_carry(expression.expr, label)
        case promql.AggregateExpr():
            return _aggregated(expression, label)
        case promql.BinaryExpr():
            return _combined(expression, label)
        case promql.Call():
            return _called(expression, label)
    return False


def _aggregated(expression: promql.AggregateExpr, label: str) -> bool:
    name, modifier = str(expression.op), expression.modifier
    if name in _KEEPING:
        return can_carry(expression.expr, label)
    if name == "count_values" and _text(expression.param) == label:
        return True
    if modifier is None:
        return False
    named = label in modifier.labels
    kept = named if modifier.type == promql.AggModifierType.By else not named
    return kept and can_carry(expression.expr, label)


def _combined(expression: promql.BinaryExpr, label: str) -> bool:
    left, right = can_carry(expression.lhs, label), can_carry(expression.rhs, label)
    operator, modifier = str(expression.op), expression.modifier
    if operator == "or":
        return left or right
    if operator in ("and", "unless"):
        return left
    if _is_scalar(expression.lhs) or _is_scalar(expression.rhs):
        return left or right
    one_sided = (promql.VectorMatchCardinality.ManyToOne, promql.VectorMatchCardinality.OneToMany)
    if modifier is not None and modifier.card in one_sided:
        many, one = (left, right) if modifier.card == one_sided[0] else (right, left)
        return one if label in (modifier.group_labels or ()) else many
    matching = modifier.matching if modifier is not None else None
    if matching is None:
        return left and right
    named = label in matching.labels
    kept = named if matching.type == promql.LabelModifierType.Include else not named
    return kept and left and right


def _called(expression: promql.Call, label: str) -> bool:
    name, arguments = expression.func.name, list(expression.args)
    if name in ("label_replace", "label_join") and _text(arguments[1]) == label:
        return name == "label_join" or _text(arguments[2]) != ""
    if name in ("absent", "absent_over_time"):
        selector = bare(arguments[0])
        selector = selector.vector_selector if isinstance(selector, promql.MatrixSelector) else selector
        return isinstance(selector, promql.VectorSelector) and any(
            matcher.name == label and matcher.op == promql.MatchOp.Equal and bool(matcher.value)
            for matcher in selector.matchers.matchers
        )
    if name in ("scalar", "vector"):
        return False
    return any(can_carry(argument, label) for argument in arguments)


def _is_scalar(expression: promql.Expr) -> bool:
    match expression:
        case promql.NumberLiteral():
            return True
        case promql.ParenExpr() | promql.UnaryExpr():
            return _is_scalar(expression.expr)
        case promql.BinaryExpr():
            return _is_scalar(expression.lhs) and _is_scalar(expression.rhs)
        case promql.Call():
            return bool(expression.func.return_type == promql.ValueType.Scalar)
    return False


def _text(expression: object) -> str | None:
    return expression.val if isinstance(expression, promql.StringLiteral) else None
