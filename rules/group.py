"""Rules and rule groups, as Prometheus knows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording rule."""

    record: str
    expression: str
    labels: dict[str, str]


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alerting rule that fires once its expression has given something for `hold`, and `lingers` after it ended."""

    alert: str
    expression: str
    hold: timedelta
    labels: dict[str, str]
    annotations: dict[str, str]
    lingers: timedelta = timedelta(0)


Rule = Recording | AlertRule


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules that are evaluated one after the other; `interval` is None where Prometheus' own holds.

    They are evaluated for a moment that lies `query_offset` back (Prometheus 2.53 and later).
    """

    name: str
    rules: tuple[Rule, ...]
    interval: timedelta | None = None
    query_offset: timedelta | None = None


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The groups of one specification, and the object's `name`, `labels` and `namespace` (empty: nothing says so)."""

    name: str
    namespace: str
    labels: dict[str, str]
    groups: tuple[RuleGroup, ...]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of all groups, in their order."""
        return tuple(rule for group in self.groups for rule in group.rules)
