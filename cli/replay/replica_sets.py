"""A Deployment's rollouts by its ReplicaSets: when each was made, and how many replicas it was given since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from cli.replay.grid import Grid
from cli.replay.timeline import Rollout, Timeline, in_order
from receiver.decision.values import Interval, WorkloadRef
from receiver.workloads.revisions import CLOCK_GRAIN

Numbers = Mapping[int, float]
"""A series' values by the indexes of the grid."""


def by_replica_sets(
    ref: WorkloadRef, created: Mapping[str, Numbers], replicas: Mapping[str, Numbers], grid: Grid
) -> Timeline:
    """The timeline of a Deployment. `created` and `replicas` are by ReplicaSet: its creation in Unix seconds, and the
    replicas that it was to have. `created` is not empty.
    """
    births = {name: datetime.fromtimestamp(numbers[min(numbers)], UTC) for name, numbers in created.items()}
    serving = [
        frozenset(name for name, numbers in replicas.items() if numbers.get(index, 0) > 0)
        for index in range(grid.points)
    ]
    rollouts = [Rollout(Interval(born, born + CLOCK_GRAIN), name) for name, born in births.items()]
    rollouts += _taken_up_again(births, replicas, serving, grid)
    # One that is no longer shown, while others are, has been deleted: it is no target any more.
    last = max(max(numbers) for numbers in created.values())
    gone = {name: grid.at(max(numbers)) for name, numbers in created.items() if max(numbers) < last}

    def serving_at(moment: datetime) -> frozenset[str] | None:
        index = int((moment - grid.start) // grid.step)
        return serving[index] if replicas and 0 <= index < len(serving) else None

    return Timeline(ref, in_order(rollouts), "ReplicaSets in kube-state-metrics", gone, serving_at)


def _taken_up_again(
    births: Mapping[str, datetime],
    replicas: Mapping[str, Numbers],
    serving: Sequence[frozenset[str]],
    grid: Grid,
) -> list[Rollout]:
    """Rollouts that brought an old ReplicaSet back: in the end it alone has replicas, after the newer one had some."""
    found: list[Rollout] = []
    current, has_served, seen = "", False, grid.start - grid.step
    for index, names in enumerate(serving):
        moment = grid.at(index)
        newborn = [name for name, born in births.items() if born <= moment and (index == 0 or born > seen)]
        if newborn:
            current, has_served = max(newborn, key=lambda name: births[name]), False
        seen = moment
        has_served = has_served or current in names
        only = next(iter(names)) if len(names) == 1 else ""
        if current and only in births and only != current and (has_served or index == 0):
            found.append(Rollout(_began(births[current], replicas[only], index, grid), only))
            current, has_served = only, True
    return found


def _began(newer_born: datetime, numbers: Numbers, index: int, grid: Grid) -> Interval:
    """Between the last look at which it had no replicas and the next one; at the earliest after the newer was made."""
    without = next((i for i in range(index - 1, -1, -1) if numbers.get(i) == 0), None)
    if without is None or grid.at(without) < newer_born:
        return Interval(newer_born, max(newer_born, grid.at(index)))
    return Interval(grid.at(without), grid.at(without + 1))
