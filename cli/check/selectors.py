"""The selectors of the rules' queries, and the labels that the queries group them by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser as promql

from cli.replay.alerts import ReplayedAlert
from receiver.prometheus.sli import ESCAPED_BRACES
from rules.names import ERRORS_ANNOTATION, EVENTS_ANNOTATION, SLI_ANNOTATION, WINDOW_PLACEHOLDER
from rules.promql import quoted
from rules.syntax import children, parse
from rules.threshold import NoThreshold, read_threshold

_OPERATORS = (
    (promql.MatchOp.Equal, "="),
    (promql.MatchOp.NotEqual, "!="),
    (promql.MatchOp.Re, "=~"),
    (promql.MatchOp.NotRe, "!~"),
)


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label."""

    label: str
    operator: str
    value: str

    def __str__(self) -> str:
        return f"{self.label}{self.operator}{quoted(self.value)}"


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric's name (empty where none is given) and its conditions."""

    name: str
    matchers: tuple[Matcher, ...]

    def __str__(self) -> str:
        return f"{self.name}{{{','.join(map(str, self.matchers))}}}" if self.matchers or not self.name else self.name

    def only(self, *matchers: Matcher) -> Selector:
        """The same metric with these conditions only."""
        return Selector(self.name, matchers)

    def without(self, *labels: str) -> Selector:
        """Those of its series that lack all of these labels."""
        return Selector(self.name, (*self.matchers, *(Matcher(label, "=", "") for label in labels)))


@dataclass(frozen=True, slots=True)
class Use:
    """A selector in a query. `grouped` are the labels of the innermost `by`, None where nothing sums its series up."""

    selector: Selector
    grouped: tuple[str, ...] | None


def uses(alert: ReplayedAlert) -> list[Use]:
    """All selectors of an alert, each use once: of its query, and of the expressions that it carries for evidence."""
    carried = (alert.rule.annotations.get(name, "") for name in (SLI_ANNOTATION, ERRORS_ANNOTATION, EVENTS_ANNOTATION))
    found = {use for text in (alert.query, *carried) for use in _in_text(text)}
    return sorted(found, key=lambda use: (str(use.selector), use.grouped or ()))


def sli_of(alert: ReplayedAlert) -> str:
    """What the alert compares with its threshold, over some window; empty where that can't be told."""
    carried = alert.rule.annotations.get(SLI_ANNOTATION)
    if carried:
        return _askable(carried)
    try:
        return read_threshold(alert.query).sli
    except NoThreshold:
        return ""


def _askable(text: str) -> str:
    return text.replace(ESCAPED_BRACES, "{{").replace(WINDOW_PLACEHOLDER, "5m")


def _in_text(text: str) -> Iterator[Use]:
    try:
        yield from _in(parse(_askable(text)), None)
    except ValueError:
        return  # What is no PromQL is another check's.


def _in(expression: promql.Expr, grouped: tuple[str, ...] | None) -> Iterator[Use]:
    if isinstance(expression, promql.VectorSelector):
        yield Use(_selector(expression), grouped)
    if isinstance(expression, promql.AggregateExpr):
        modifier = expression.modifier
        if modifier is None:
            grouped = ()
        elif modifier.type == promql.AggModifierType.By:
            grouped = tuple(modifier.labels)
    for child in children(expression):
        yield from _in(child, grouped)


def _selector(node: promql.VectorSelector) -> Selector:
    matchers = [Matcher(m.name, text, m.value) for m in node.matchers.matchers for op, text in _OPERATORS if m.op == op]
    named = [m for m in matchers if m.label == "__name__" and m.operator == "="]
    name = node.name or (named[0].value if named else "")
    return Selector(name, tuple(sorted((m for m in matchers if m not in named), key=str)))
