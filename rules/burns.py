"""Which of an objective's generated alerts belongs to which of its windows."""

from __future__ import annotations

from collections.abc import Iterable

from rules import names
from rules.durations import format_duration
from rules.group import AlertRule, Rule
from rules.specification import Specification
from rules.windows import BurnWindow


def burn_alerts(specification: Specification, rules: Iterable[Rule]) -> list[tuple[BurnWindow, AlertRule]]:
    """Each window that alerts, with its alert among the specification's `rules`, in their order."""
    waiting = [rule for rule in rules if isinstance(rule, AlertRule) and names.WINDOW_LABEL in rule.labels]
    found: list[tuple[BurnWindow, AlertRule]] = []
    for window in specification.windows:
        alert = next(rule for rule in waiting if rule.labels[names.WINDOW_LABEL] == format_duration(window.long))
        waiting.remove(alert)
        found.append((window, alert))
    return found
