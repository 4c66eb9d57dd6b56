"""Which labels the series have that a query gives, as far as the query itself tells."""

from __future__ import annotations

import promql_parser as promql

_KEEP_ALL = frozenset({"topk", "bottomk", "limitk", "limit_ratio", "count_values"})
_OF_NO_SERIES = frozenset({"vector", "scalar", "time", "pi"})
_UNKNOWN = frozenset({"absent", "absent_over_time", "info"})


def output_labels(expression: promql.Expr) -> frozenset[str] | None:
    """The labels that tell the series apart; None where only the data knows."""
    match expression:
        case promql.NumberLiteral() | promql.StringLiteral():
            return frozenset()
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return output_labels(expression.expr)
        case promql.AggregateExpr():
            return _of_aggregation(expression)
        case promql.Call():
            return _of_call(expression)
        case promql.BinaryExpr():
            return _of_operation(expression)
    return None


def _of_aggregation(aggregation: promql.AggregateExpr) -> frozenset[str] | None:
    if str(aggregation.op) in _KEEP_ALL:
        return None
    modifier = aggregation.modifier
    if modifier is None:
        return frozenset()
    return frozenset(modifier.labels) if modifier.type == promql.AggModifierType.By else None


def _of_call(call: promql.Call) -> frozenset[str] | None:
    name = call.func.name
    if name in _OF_NO_SERIES:
        return frozenset()
    vectors = [
        argument for argument in call.args if not isinstance(argument, promql.NumberLiteral | promql.StringLiteral)
    ]
    if name in _UNKNOWN or not vectors:
        return None
    labels = output_labels(vectors[-1] if name.startswith("histogram_") else vectors[0])
    if labels is None:
        return None
    if name in ("label_replace", "label_join"):
        target = call.args[1]
        return labels | {target.val} if isinstance(target, promql.StringLiteral) else None
    return labels - {"le"} if name == "histogram_quantile" else labels


def _of_operation(operation: promql.BinaryExpr) -> frozenset[str] | None:
    left, right = output_labels(operation.lhs), output_labels(operation.rhs)
    operator, modifier = str(operation.op), operation.modifier
    if operator in ("and", "unless"):
        return left
    if left is None or right is None:
        return None
    if operator == "or":
        return left | right
    if isinstance(operation.lhs, promql.NumberLiteral):
        return right
    if isinstance(operation.rhs, promql.NumberLiteral) or modifier is None:
        return left
    if modifier.card != promql.VectorMatchCardinality.OneToOne:
        return None
    matching = modifier.matching
    if matching is None:
        return left
    names = frozenset(matching.labels)
    return left & names if matching.type == promql.LabelModifierType.Include else left - names
