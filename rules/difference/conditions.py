"""An alert's expression as conditions that all have to hold: a recording, over a window, against a limit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

import promql_parser as promql

from rules.comparison import MIRRORED, Comparison
from rules.durations import DurationError, format_duration, parse_duration
from rules.group import AlertRule
from rules.names import ERROR_RATIO_RECORD, ERRORS_RECORD
from rules.promql import QueryError, quoted
from rules.syntax import bare, constant, parse_query

_WINDOWED = re.compile(r"(?P<base>.*rate)(?P<window>(?:[0-9]+(?:ms|[smhdwy]))+)")
"""A recording over a window, by the names that ours and sloth's have: `…:rate5m`, `slo:sli_error:ratio_rate5m`."""


@dataclass(frozen=True, slots=True)
class Condition:
    """`measured` (over `window`, if its name tells one) stands so to `limit`; constant factors are in the limit.

    `measured` leaves out the matchers that only repeat the alert's own labels. One that is `instead` stands in for the
    condition before it while that one has no value.
    """

    measured: str
    window: timedelta | None
    comparison: Comparison
    limit: float
    instead: bool = False

    def changed_words(self, new: Condition) -> str:
        """What it becomes: `an error ratio above 1.44 % instead of above 7.2 %`, with the windows where they change."""
        if self.window == new.window:
            return f"{new.words(windowed=False)} instead of {self.words(windowed=False)}"
        return f"{new.words()} instead of {self.words()}"

    def words(self, *, windowed: bool = True) -> str:
        """`an error ratio over 1h above 7.2 %`."""
        return self._words(windowed) + (" while there is no traffic" if self.instead else "")

    def _words(self, windowed: bool) -> str:
        over = f" over {format_duration(self.window)}" if self.window and windowed else ""
        stands = {">": "above", ">=": "of at least", "<": "below", "<=": "of at most"}[self.comparison]
        if self.measured == ERROR_RATIO_RECORD or self.measured.endswith("ratio_rate"):
            return f"an error ratio{over} {stands} {self.limit * 100:.4g} %"
        if self.measured == ERRORS_RECORD and self.window:
            return f"failed events{over} {stands} {self.limit * self.window.total_seconds():.4g}"
        return f"{self.measured}{over} {stands} {self.limit:.6g}"

    @property
    def kind(self) -> tuple[str, Comparison, bool]:
        """What it asks, whatever the window and the limit."""
        return self.measured, self.comparison, self.instead

    def is_reached_before(self, other: Condition) -> bool:
        """Whether it holds where the other one, of the same kind and window, does not yet."""
        return self.limit > other.limit if self.comparison.is_lower_bound else self.limit < other.limit


def conditions(alert: AlertRule) -> tuple[Condition, ...]:
    """The conditions of an alert's expression; empty where it has another form."""
    try:
        tree = parse_query(alert.expression)
    except QueryError:
        return ()
    found = [_condition(part, alert.labels, instead) for part, instead in _conjuncts(tree)]
    return tuple(one for one in found if one is not None) if None not in found else ()


def plain_text(alert: AlertRule) -> str:
    """The expression on one line, without what only repeats the alert's own labels."""
    text = " ".join(alert.expression.split())
    for name, value in alert.labels.items():
        text = text.replace(f"{name}={quoted(value)}", f"{name}=…")
    return text


def _conjuncts(expression: promql.Expr) -> list[tuple[promql.Expr, bool]]:
    """The conditions, and whether each is `instead`: `a and (b or (c unless b))` are a, b, and c instead."""
    expression = bare(expression)
    if isinstance(expression, promql.BinaryExpr):
        if str(expression.op) == "and":
            return [*_conjuncts(expression.lhs), *_conjuncts(expression.rhs)]
        other = bare(expression.rhs)
        if str(expression.op) == "or" and isinstance(other, promql.BinaryExpr) and str(other.op) == "unless":
            return [(bare(expression.lhs), False), (bare(other.lhs), True)]
    return [(expression, False)]


def _condition(expression: promql.Expr, labels: dict[str, str], instead: bool) -> Condition | None:
    if not isinstance(expression, promql.BinaryExpr) or str(expression.op) not in list(Comparison):
        return None
    comparison = Comparison(str(expression.op))
    measured, limit = bare(expression.lhs), constant(expression.rhs)
    if limit is None:
        measured, limit, comparison = bare(expression.rhs), constant(expression.lhs), MIRRORED[comparison]
    if limit is None:
        return None
    if isinstance(measured, promql.Call) and measured.func.name == "round" and len(measured.args) == 1:
        measured = bare(measured.args[0])
    while isinstance(measured, promql.BinaryExpr):
        factor = constant(measured.rhs)
        if factor is None or factor <= 0 or str(measured.op) not in ("*", "/"):
            return None
        limit = limit / factor if str(measured.op) == "*" else limit * factor
        measured = bare(measured.lhs)
    if not isinstance(measured, promql.VectorSelector) or measured.offset or measured.at is not None:
        return None
    name = measured.name or ""
    matched = _WINDOWED.fullmatch(name)
    others = sorted(
        f"{one.name}{one.op}{quoted(one.value)}"
        for one in measured.matchers.matchers
        if one.op != promql.MatchOp.Equal or labels.get(one.name) != one.value
    )
    try:
        window = parse_duration(matched["window"]) if matched else None
    except DurationError:
        return None
    base = matched["base"] if matched else name
    return Condition(base + (f"{{{','.join(others)}}}" if others else ""), window, comparison, limit, instead)
