"""What the rules' text tells: PromQL by the parser, whether an alert that may undo can name its workload, lints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from cli.check.finding import Finding, Severity
from cli.rule_sources import SourcedSet
from rules.carried_labels import can_carry
from rules.group import AlertRule, Recording
from rules.lints import lint
from rules.names import KIND_BY_LABEL, NAMESPACE_LABEL, UNDO_LABEL, UNDO_VALUE
from rules.promql import QueryError
from rules.syntax import absence, parse, parse_query


def check_text(sets: Iterable[SourcedSet]) -> list[Finding]:
    """All findings, in the order of the rules."""
    return [finding for one in sets for check in CHECKS for finding in check(one)]


def where(one: SourcedSet, rule: AlertRule | Recording) -> str:
    """The rule, for a message."""
    return f"{one.source}: {rule.alert if isinstance(rule, AlertRule) else rule.record}"


def needed_labels(rule: AlertRule) -> tuple[tuple[str, ...], ...]:
    """The labels that the series have to bring for the alert to name its workload, of each tuple one: those that the
    rule does not set itself. Empty where it may not undo.
    """
    if rule.labels.get(UNDO_LABEL) != UNDO_VALUE:
        return ()
    namespace = () if rule.labels.get(NAMESPACE_LABEL) else ((NAMESPACE_LABEL,),)
    kind = () if any(rule.labels.get(label) for label in KIND_BY_LABEL) else (tuple(KIND_BY_LABEL),)
    return (*namespace, *kind)


def _is_promql(one: SourcedSet) -> Iterator[Finding]:
    for rule in one.rules.rules:
        try:
            parse(rule.expression)
        except ValueError as error:
            yield Finding(Severity.ERROR, "promql", where(one, rule), f"the parser refuses its expression: {error}")


def _names_a_workload(one: SourcedSet) -> Iterator[Finding]:
    for rule in one.alerts:
        try:
            expression = parse_query(rule.expression)
        except QueryError:
            continue
        given = [label for label in KIND_BY_LABEL if rule.labels.get(label)]
        if rule.labels.get(UNDO_LABEL) == UNDO_VALUE and len(given) > 1:
            yield Finding(Severity.ERROR, "workload-label", where(one, rule), f"it names {' and '.join(given)} at once")
        for labels in needed_labels(rule):
            if not any(can_carry(expression, label) for label in labels):
                message = (
                    f"the alert may undo, but can't carry {' or '.join(labels)}: the rule does not set it, and the "
                    "expression leaves no such label on its series"
                )
                yield Finding(Severity.ERROR, "workload-label", where(one, rule), message)


def _asks_for_what_is_there(one: SourcedSet) -> Iterator[Finding]:
    for rule in one.alerts:
        try:
            missing = absence(parse_query(rule.expression))
        except QueryError:
            continue
        if missing and rule.labels.get(UNDO_LABEL) == UNDO_VALUE:
            message = f"the alert may undo, and {missing}(…) fires where series are gone: silence blames no release"
            yield Finding(Severity.ERROR, "absence", where(one, rule), message)


def _is_thought_through(one: SourcedSet) -> Iterator[Finding]:
    for rule in one.alerts:
        for found in lint(rule):
            yield Finding(Severity.WARNING, found.name, where(one, rule), found.message)


CHECKS: tuple[Callable[[SourcedSet], Iterable[Finding]], ...] = (
    _is_promql,
    _names_a_workload,
    _asks_for_what_is_there,
    _is_thought_through,
)
"""Each looks at the rules of one objective, or of one document of a rule file."""
