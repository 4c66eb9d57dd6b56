"""The rules that one alert needs: the rest would only cost promtool's time."""

from __future__ import annotations

from dataclasses import replace

import promql_parser as promql

from rules.group import AlertRule, Recording, Rule, RuleSet
from rules.syntax import parse, parts


def needed_by(alert: AlertRule, rules: RuleSet) -> RuleSet:
    """The alert and the recordings that it reads, directly or by others, in their groups and their order."""
    recorded: dict[str, list[Recording]] = {}
    for rule in rules.rules:
        if isinstance(rule, Recording):
            recorded.setdefault(rule.record, []).append(rule)
    waiting, read = [alert.expression], set[str]()
    while waiting:
        for name in _selected(waiting.pop()) & recorded.keys() - read:
            read.add(name)
            waiting += [recording.expression for recording in recorded[name]]

    def is_needed(rule: Rule) -> bool:
        return rule.record in read if isinstance(rule, Recording) else rule == alert

    groups = (replace(group, rules=tuple(filter(is_needed, group.rules))) for group in rules.groups)
    return replace(rules, groups=tuple(group for group in groups if group.rules))


def _selected(expression: str) -> set[str]:
    tree = parse(expression)
    return {part.name for part in parts(tree) if isinstance(part, promql.VectorSelector) and part.name}
