"""Alerting rules evaluated over the past."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import promql_parser as promql

from cli.replay.alerts import Evaluated, ReplayedAlert
from cli.replay.episodes import Episode, episodes
from cli.replay.grid import Grid
from cli.replay.history import History, QueryRefused
from rules.syntax import parse, parts
from rules.windows import NO_TIME


def evaluate(alert: ReplayedAlert, history: History, grid: Grid) -> Evaluated:
    """When it fired. Raises `HistoryError` where the source does not answer at all."""
    if alert.problem:
        return Evaluated(alert, failure=alert.problem)
    asked = replace(grid, start=grid.start - alert.offset)
    try:
        answer = history.over(alert.query, asked, looks_back=_looks_back(alert.query))
    except QueryRefused as why:
        # As the rule itself would have failed; the others may do.
        return Evaluated(alert, failure=str(why))
    times: list[Episode] = []
    present: dict[frozenset[tuple[str, str]], set[int]] = {}
    for series in answer:
        labels = frozenset(alert.labels(series.labels).items())
        indexes = {asked.index(sample.at) for sample in series.samples}
        if not present.setdefault(labels, set()).isdisjoint(indexes):
            return Evaluated(
                alert, failure="several series give one alert: the rule sets a label that tells them apart"
            )
        present[labels] |= indexes
    for labels, indexes in present.items():
        rule = alert.rule
        times += episodes(dict(labels), indexes, grid, hold=rule.hold, lingers=rule.lingers)
    return Evaluated(
        alert, tuple(sorted(times, key=lambda episode: (episode.starts_at, sorted(episode.labels.items()))))
    )


def _looks_back(query: str) -> timedelta:
    """The longest range in it: each request reads that much before its first moment."""
    try:
        found = list(parts(parse(query)))
    except ValueError:
        return NO_TIME
    return max(
        (part.range or NO_TIME for part in found if isinstance(part, promql.MatrixSelector | promql.SubqueryExpr)),
        default=NO_TIME,
    )
