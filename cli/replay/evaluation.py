"""Alerting rules evaluated over the past."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cli.replay.alerts import Evaluated, ReplayedAlert
from cli.replay.episodes import Episode, episodes
from cli.replay.grid import Grid
from cli.replay.history import History, QueryRefused


def evaluate(
    alerts: Iterable[ReplayedAlert], history: History, grid: Grid, progress: Callable[[str], None]
) -> list[Evaluated]:
    """When each of them fired. Raises `HistoryError` where the source does not answer at all."""
    found: list[Evaluated] = []
    alerts = list(alerts)
    for number, alert in enumerate(alerts, 1):
        progress(f"evaluating alert {number} of {len(alerts)}: {alert.rule.alert} of {alert.group}")
        found.append(_evaluated(alert, history, grid))
    return found


def _evaluated(alert: ReplayedAlert, history: History, grid: Grid) -> Evaluated:
    if alert.problem:
        return Evaluated(alert, failure=alert.problem)
    try:
        answer = history.over(alert.query, grid)
    except QueryRefused as why:
        # As the rule itself would have failed; the others may do.
        return Evaluated(alert, failure=str(why))
    times: list[Episode] = []
    present: dict[frozenset[tuple[str, str]], set[int]] = {}
    for series in answer:
        labels = frozenset(alert.labels(series.labels).items())
        indexes = {grid.index(sample.at) for sample in series.samples}
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
