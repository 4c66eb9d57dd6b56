"""Alerting rules made ready to be evaluated over the past."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cli.replay.episodes import Episode
from cli.rule_sources import SourcedSet
from receiver import names
from receiver.timestamps import format_time
from rules.expansion import NotExpandable, Recordings, recordings_of
from rules.group import AlertRule

_LABEL = re.compile(r"\{\{-?\s*\$labels\.([a-zA-Z_][a-zA-Z0-9_]*)\s*-?\}\}")


@dataclass(frozen=True, slots=True)
class ReplayedAlert:
    """A rule, where it comes from, and the query that asks for it over the past: its expression without recordings.

    `problem` says why there is no such query. It is evaluated every `interval`, about a moment that lies `offset` back.
    """

    source: str
    group: str
    rule: AlertRule
    query: str = ""
    problem: str = ""
    interval: timedelta = timedelta(minutes=1)
    offset: timedelta = timedelta(0)

    @property
    def may_undo(self) -> bool:
        """Whether it asks for an undo."""
        return self.rule.labels.get(names.UNDO_LABEL) == names.UNDO_VALUE

    def labels(self, series: Mapping[str, str]) -> dict[str, str]:
        """The labels of the alert for a series that the expression gave: the rule's own hide the series'."""
        own = {name: _filled(text, series) for name, text in self.rule.labels.items()}
        found = {**series, **own, names.ALERT_NAME_LABEL: self.rule.alert}
        return {name: value for name, value in found.items() if value and name != "__name__"}


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A rule with the times during which it fired; `failure` is what the source said where it could not be asked."""

    alert: ReplayedAlert
    episodes: tuple[Episode, ...] = ()
    failure: str = ""


def replayed_alerts(
    sets: Iterable[SourcedSet], interval: timedelta, *, as_groups_say: bool = True
) -> list[ReplayedAlert]:
    """All alerts of all files, evaluated every `interval`; `as_groups_say`: but for groups that name one of their own.

    A recording is evaluated as often as the alert that uses it.
    """
    sets = tuple(sets)
    known = recordings_of(rule for one in sets for rule in one.rules.rules)
    at_intervals: dict[timedelta, Recordings] = {}
    found = []
    for one in sets:
        for group in one.rules.groups:
            own = (group.interval if as_groups_say else None) or interval
            recordings = at_intervals.setdefault(own, Recordings(known, own))
            for rule in group.rules:
                if isinstance(rule, AlertRule):
                    try:
                        query, problem = recordings.expand(rule.expression), ""
                    except NotExpandable as why:
                        query, problem = "", str(why)
                    offset = group.query_offset or timedelta(0)
                    found.append(ReplayedAlert(one.source, group.name, rule, query, problem, own, offset))
    return found


def shown_at(moment: datetime, evaluated: Sequence[Evaluated]) -> dict[str, Any]:
    """What `GET /api/v1/rules?type=alert` would have answered then, as far as the receiver reads it."""
    rules = [_item(one, moment) for one in evaluated]
    return {"status": "success", "data": {"groups": [{"name": "replayed", "rules": rules}]}}


def _item(one: Evaluated, moment: datetime) -> dict[str, Any]:
    rule = one.alert.rule
    firing = [
        {"labels": dict(episode.labels), "state": "firing", "activeAt": format_time(episode.active_at)}
        for episode in one.episodes
        if episode.fires_at(moment)
    ]
    return {
        "name": rule.alert,
        "query": one.alert.query,
        "labels": rule.labels,
        "annotations": rule.annotations,
        "keepFiringFor": rule.lingers.total_seconds(),
        "health": "ok",
        "alerts": firing,
    }


def _filled(template: str, series: Mapping[str, str]) -> str:
    """A label's text with the series' labels in it: of Go's templates, only `{{ $labels.name }}` is filled in."""
    return _LABEL.sub(lambda found: series.get(found[1], ""), template)
