"""Where rules go and how they are evaluated, as whoever generates them says; names that would clash are refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from rules.durations import format_duration
from rules.group import RuleGroup, RuleSet
from rules.specification import ErrorBudget, Specification, WorkloadTarget

LOOKBACK = timedelta(minutes=5)
"""How long Prometheus shows a recording's last sample; an alert does not see one that is older."""


class PlacingError(ValueError):
    """The rules can't stand or be evaluated so; the message says why."""


@dataclass(frozen=True, slots=True)
class Placing:
    """The namespace of all objects, the interval of groups that have none of their own, and how far back they look."""

    namespace: str = ""
    interval: timedelta | None = None
    query_offset: timedelta | None = None

    def check(self, specifications: Iterable[Specification]) -> None:
        """Raise `PlacingError` where a window of a specification is shorter than the interval."""
        if self.interval is None:
            return
        longest = min((_shortest_window(found) for found in specifications), default=LOOKBACK)
        if self.interval > longest:
            raise PlacingError(
                f"found an interval of {format_duration(self.interval)}, expected at most {format_duration(longest)}: "
                "the shortest window, and Prometheus' lookback"
            )

    def place(self, sets: Iterable[RuleSet]) -> tuple[RuleSet, ...]:
        """The same rules there. Raises `PlacingError` where two objects, or two groups of a file, have one name."""
        placed = tuple(
            replace(
                one,
                namespace=self.namespace or one.namespace,
                groups=tuple(self._timed(group) for group in one.groups),
            )
            for one in sets
        )
        _check_unique("object", (f"{one.namespace}/{one.name}".lstrip("/") for one in placed))
        _check_unique("group", (group.name for one in placed for group in one.groups))
        return placed

    def elsewhere(self, specifications: Iterable[Specification]) -> tuple[str, ...]:
        """The specifications whose rules leave their workload's namespace."""
        return tuple(
            found.name
            for found in specifications
            if self.namespace
            and isinstance(found.subject, WorkloadTarget)
            and found.subject.namespace != self.namespace
        )

    def _timed(self, group: RuleGroup) -> RuleGroup:
        return replace(group, interval=group.interval or self.interval, query_offset=self.query_offset)


def _shortest_window(specification: Specification) -> timedelta:
    judge = specification.judge
    windows = judge.windows if isinstance(judge, ErrorBudget) else ()
    return min((window.short for window in windows), default=LOOKBACK)


def _check_unique(what: str, names: Iterable[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise PlacingError(f"found {times} {what}s named {name}, expected one of each name")
