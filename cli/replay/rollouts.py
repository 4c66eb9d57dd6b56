"""Where rollouts are known from: kube-state-metrics' series, or a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from cli.replay.grid import Grid, grid_over
from cli.replay.history import History, QueryRefused
from cli.replay.kube_state import queries, timelines
from cli.replay.timeline import Timeline
from receiver.decision.values import WorkloadRef

LOOK_BACK = timedelta(days=1)
"""Before the first evaluation: a rollout that is longer ago is not what an alert blames."""


def recorded_rollouts(
    refs: Iterable[WorkloadRef], history: History, grid: Grid, progress: Callable[[str], None]
) -> tuple[dict[WorkloadRef, Timeline], list[str]]:
    """What kube-state-metrics tells of these workloads, and in words what could not be asked. Raises `HistoryError`."""
    longer = grid_over(grid.start - LOOK_BACK, grid.end, grid.step)
    found: dict[WorkloadRef, Timeline] = {}
    notes: list[str] = []
    groups: dict[tuple[str, str], list[str]] = {}
    for ref in sorted(refs, key=str):
        groups.setdefault((ref.kind, ref.namespace), []).append(ref.name)
    for (kind, namespace), names in groups.items():
        progress(f"looking for rollouts of {len(names)} {kind}s in {namespace}")
        answers = {}
        for part, query in queries(kind, namespace, names).items():
            try:
                answers[part] = history.over(query, longer)
            except QueryRefused as why:
                notes.append(f"rollouts of {kind}s in {namespace} ({part}) cannot be asked: {why}")
        found |= {timeline.ref: timeline for timeline in timelines(kind, namespace, names, answers, longer)}
    return found, notes
