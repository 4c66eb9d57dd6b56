"""The selectors of the rules' queries, and the labels that the queries group them by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser as promql

from cli.replay.alerts import ReplayedAlert
from receiver.prometheus.sli import ESCAPED_BRACES
from rules.names import ERRORS_ANNOTATION, EVENTS_ANNOTATION, SLI_ANNOTATION, WINDOW_PLACEHOLDER
from rules.promql import quoted
from rules.syntax import children

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
    """A selector in a query. `grouped` are the labels of the innermost `by`, None where nothing sums its series up;
    `may_be_empty` says that it selects failed events, of which there need not have been any.
    """

    selector: Selector
    grouped: tuple[str, ...] | None
    may_be_empty: bool = False


def uses(alert: ReplayedAlert) -> list[Use]:
    """All selectors of an alert, each use once: of its query, and of the expressions that it carries for evidence."""
    annotations = alert.rule.annotations
    found = {*_in_text(alert.query)}
    for name in (SLI_ANNOTATION, EVENTS_ANNOTATION):
        found |= {*_in_text(annotations.get(name, ""))}
    events = {use.selector for use in _in_text(annotations.get(EVENTS_ANNOTATION, ""))}
    errors = {use.selector for use in _in_text(annotations.get(ERRORS_ANNOTATION, ""))} - events
    marked = {Use(use.selector, use.grouped, use.selector in errors) for use in found}
    return sorted(marked, key=lambda use: (str(use.selector), use.grouped or ()))


def _in_text(text: str) -> Iterator[Use]:
    query = text.replace(ESCAPED_BRACES, "{{").replace(WINDOW_PLACEHOLDER, "5m")
    try:
        yield from _in(promql.parse(query), None)
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
