"""What to think twice about in an alert that may undo by an expression of its own. It is told, and never rewritten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser as promql

from rules import names
from rules.carried_labels import can_carry
from rules.comparison import Comparison
from rules.group import AlertRule
from rules.promql import QueryError
from rules.syntax import bare, parse_query, parts
from rules.threshold import NoThreshold, read_threshold

ONCE_PER_SERIES = "once-per-series"
SINGLE_EVENT = "single-event"
ANY_WORKLOAD = "any-workload"
LABEL_COLLISION = "label-collision"
AT_ONCE = "at-once"
ALWAYS_A_VALUE = "always-a-value"
CHANGING_LABEL = "changing-label"
ALL_LINTS = frozenset(
    (ONCE_PER_SERIES, SINGLE_EVENT, ANY_WORKLOAD, LABEL_COLLISION, AT_ONCE, ALWAYS_A_VALUE, CHANGING_LABEL)
)

_OF_ONE_POD = ("pod", "instance")
_ANY_LABEL = "metricops_any"
"""One that no expression names: a series can carry it if it can carry whatever a scrape gives it."""
_COMPARISONS = (*Comparison, "==", "!=")
_CHANGES = re.compile(r"\$value\b|\.Value\b|\bquery\b|\bnow\b")
"""What a template gives that is not the series' own."""
_OF_COUNTERS = ("rate", "irate", "increase")


@dataclass(frozen=True, slots=True)
class Lint:
    """`name` is a word for machines, one of the constants above; `message` says what follows and what to do."""

    name: str
    message: str


def lint(rule: AlertRule) -> list[Lint]:
    """Nothing for alerts of objectives, for those that may not undo, and for what is no PromQL."""
    if rule.labels.get(names.UNDO_LABEL) != names.UNDO_VALUE or names.SLI_ANNOTATION in rule.annotations:
        return []
    try:
        expression = parse_query(rule.expression)
    except QueryError:
        return []
    return [
        *_once_per_series(expression),
        *_single_event(rule),
        *_any_workload(rule, expression),
        *_always_a_value(expression),
        *_changing_label(rule),
    ]


def _once_per_series(expression: promql.Expr) -> Iterator[Lint]:
    if any(can_carry(expression, label) for label in _OF_ONE_POD):
        yield Lint(
            ONCE_PER_SERIES,
            "each of its series raises an alert of its own, one per pod and code, say, and they come and go with the "
            "pods: sum the series of a workload",
        )


def _single_event(rule: AlertRule) -> Iterator[Lint]:
    try:
        threshold = read_threshold(rule.expression)
    except NoThreshold:
        return
    calls = [part.func.name for part in parts(parse_query(threshold.sli)) if isinstance(part, promql.Call)]
    least = 1 if "increase" in calls else 0
    above = threshold.comparison is Comparison.ABOVE and threshold.limit <= 0
    reached = threshold.comparison is Comparison.AT_LEAST and threshold.limit <= least
    if (above or reached) and any(name in _OF_COUNTERS for name in calls):
        yield Lint(
            SINGLE_EVENT,
            "a single failed event fires it, among however many: compare a ratio with what may fail, or count several",
        )
        if not rule.hold:
            yield Lint(
                AT_ONCE,
                "and it does so at the first evaluation that sees the event: with `for`, say 2m, trouble has to last",
            )


def _any_workload(rule: AlertRule, expression: promql.Expr) -> Iterator[Lint]:
    """About labels that the rule sets itself, for all of its series."""
    fixed = {label: value for label, value in rule.labels.items() if value and "{{" not in value}
    selectors = [part for part in parts(expression) if isinstance(part, promql.VectorSelector)]
    places = [label for label in (names.NAMESPACE_LABEL, *names.KIND_BY_LABEL) if label in fixed]
    if len(places) > 1 and not all(_names_a_namespace(selector) for selector in selectors):
        whom = "/".join(fixed[label] for label in places)
        yield Lint(
            ANY_WORKLOAD,
            f"a selector does not say which namespace: {places[1]} {whom} is blamed for the series of all others",
        )
    if can_carry(expression, _ANY_LABEL):
        return  # Its series may differ in more than what is overwritten.
    for label in fixed:
        if can_carry(expression, label) and not all(_pins(selector, label) for selector in selectors):
            yield Lint(
                LABEL_COLLISION,
                f"the rule writes {label} over the one that its series are told apart by: two of them become one, and "
                "Prometheus fails the whole rule",
            )


def _always_a_value(expression: promql.Expr) -> Iterator[Lint]:
    outermost = bare(expression)
    if isinstance(outermost, promql.BinaryExpr) and outermost.modifier is not None and outermost.modifier.return_bool:
        yield Lint(
            ALWAYS_A_VALUE,
            "a 'bool' comparison gives 0 or 1, and any value fires, 0 as well: leave out 'bool'",
        )
    elif not any(map(_leaves_out, parts(expression))):
        yield Lint(
            ALWAYS_A_VALUE,
            "nothing is compared, so that it fires for as long as its series are there: say above or below what",
        )


def _leaves_out(part: promql.Expr) -> bool:
    """Whether it can give no value although its operands have some, or a value because there is none."""
    if isinstance(part, promql.BinaryExpr):
        compares = part.modifier is None or not part.modifier.return_bool
        return str(part.op) in ("and", "unless") or (str(part.op) in _COMPARISONS and compares)
    return isinstance(part, promql.Call) and part.func.name in ("absent", "absent_over_time")


def _changing_label(rule: AlertRule) -> Iterator[Lint]:
    for label, value in rule.labels.items():
        if "{{" in value and _CHANGES.search(value):
            yield Lint(
                CHANGING_LABEL,
                f"the label {label} changes with the value: at every change one alert is resolved and another begins, "
                "and none outlasts `for`. Put the value into an annotation",
            )


def _names_a_namespace(selector: promql.VectorSelector) -> bool:
    positive = (promql.MatchOp.Equal, promql.MatchOp.Re)
    return any(
        names.NAMESPACE_LABEL in matcher.name and matcher.op in positive and matcher.value
        for matcher in selector.matchers.matchers
    )


def _pins(selector: promql.VectorSelector, label: str) -> bool:
    return any(m.name == label and m.op == promql.MatchOp.Equal for m in selector.matchers.matchers)
