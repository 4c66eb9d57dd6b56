"""How often, and for how long, each alert would have fired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import promql_parser as promql

from cli.check.finding import Finding, Severity
from cli.replay.alerts import Evaluated, ReplayedAlert
from rules.durations import DurationError, parse_duration
from rules.group import AlertRule
from rules.names import WORST_RESET_ANNOTATION
from rules.promql import QueryError
from rules.syntax import parse_query, parts

LOOKS_PER_WINDOW = 60
MOST_OF_THE_TIME = 0.5


@dataclass(frozen=True, slots=True)
class Firings:
    """The firings of one alert within a time, of all its series."""

    alert: ReplayedAlert
    times: int
    longest: timedelta
    total: timedelta


def step_for(rule: AlertRule, step: timedelta) -> timedelta:
    """How often to evaluate an alert: every `step`, and less often where its shortest window is long."""
    return max(step, _shortest_window(rule, step) // LOOKS_PER_WINDOW // step * step)


def _shortest_window(rule: AlertRule, default: timedelta) -> timedelta:
    """A generated rule says how long it takes to clear; of others, the shortest range in the expression."""
    try:
        return parse_duration(rule.annotations.get(WORST_RESET_ANNOTATION, ""))
    except DurationError:
        pass
    try:
        found = list(parts(parse_query(rule.expression)))
    except QueryError:
        return default
    return min((part.range for part in found if isinstance(part, promql.MatrixSelector)), default=default)


def firings(evaluated: Evaluated, start: datetime, end: datetime) -> Firings:
    """Count them; what fires at the edges counts for as long as it is inside."""
    inside = [
        (max(episode.starts_at, start), min(episode.ends_at or end, end))
        for episode in evaluated.episodes
        if episode.starts_at < end and (episode.ends_at is None or episode.ends_at > start)
    ]
    lengths = [until - since for since, until in inside]
    return Firings(evaluated.alert, len(lengths), max(lengths, default=timedelta(0)), sum(lengths, timedelta(0)))


def check_firing(evaluated: Sequence[Evaluated], start: datetime, end: datetime) -> list[Finding]:
    """Rules that fail, and those that fire most of the time."""
    found: list[Finding] = []
    for one in evaluated:
        place = f"{one.alert.source}: {one.alert.rule.alert}"
        if one.failure:
            found.append(Finding(Severity.ERROR, "rule-fails", place, f"it can't be evaluated: {one.failure}"))
        longest = firings(one, start, end).longest
        if longest > MOST_OF_THE_TIME * (end - start):
            message = f"it would have fired for {longest / (end - start):.0%} of the time"
            found.append(Finding(Severity.WARNING, "fires-always", place, message))
    return found
