"""Which ended Rollbacks may go, and taking them away, a few at a time.

A record is kept while anything could still ask for it: while it is unfinished, younger than cooldown, budget window and
condemnation, its blamed or restored template runs, or it alone says that its workload is not newly enabled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from receiver.cluster.api import ApiError
from receiver.decision.phases import Phase
from receiver.decision.policy import InvalidPolicy, effective_policy
from receiver.decision.values import WorkloadRef, World
from receiver.logs import log
from receiver.metrics import Metrics
from receiver.rollbacks.machine import is_finished
from receiver.rollbacks.record import Rollback
from receiver.rollbacks.store import RollbackStore
from receiver.rollbacks.world import WorldReader

MOST_WORKLOADS = 10
"""So many workloads are looked at in one pass."""
LOOK_AGAIN_AFTER = timedelta(hours=1)
MOMENTS = ("undoneAt", "rolledBackAt", "quietSince", "recoveredAt", "notBefore", "expiresAt")


def last_moment(rollback: Rollback) -> datetime:
    """The latest time that the record tells of."""
    told = [moment for field in MOMENTS if (moment := rollback.moment(field)) is not None]
    forgiven = rollback.as_past().cleared_at
    return max([rollback.claimed_at, rollback.attempted_at, *told, *([forgiven] if forgiven else [])])


def old_ones(rollbacks: Iterable[Rollback], now: datetime, keep: timedelta) -> list[Rollback]:
    """The finished records that are older than `keep`, the oldest first."""
    old = [rollback for rollback in rollbacks if is_finished(rollback) and last_moment(rollback) < now - keep]
    return sorted(old, key=last_moment)


def may_go(old: Iterable[Rollback], all_of_workload: Iterable[Rollback], world: World) -> list[Rollback]:
    """Those of a workload's old records that nothing can ask for any more; `world` is the workload's as it is now.

    An invalid policy tells no cooldown, so everything stays.
    """
    workload = world.workload
    if workload is None:
        return list(old)
    try:
        policy = effective_policy(workload, world.namespace, world.defaults)
    except InvalidPolicy:
        return []
    testify = _testifying(all_of_workload, policy.observe_first)
    return [
        rollback
        for rollback in old
        if rollback.name not in testify
        and workload.template_hash not in (rollback.blamed_hash, rollback.target_hash)
        and last_moment(rollback) < world.now - policy.cooldown
    ]


def _testifying(rollbacks: Iterable[Rollback], observe_first: int) -> set[str]:
    """The records without which the workload would count as newly enabled: its last undo, or else what was observed."""
    newest_first = sorted(rollbacks, key=last_moment, reverse=True)
    undone = [rollback.name for rollback in newest_first if rollback.undone_at is not None]
    observed = [rollback.name for rollback in newest_first if rollback.phase is Phase.DRY_RUN]
    return set(undone[:1] or observed[:observe_first])


class Pruner:
    """Deletes old records. A workload whose records stay is not looked at again for an hour."""

    def __init__(self, store: RollbackStore, reader: WorldReader, metrics: Metrics, *, keep: timedelta) -> None:
        self._store = store
        self._reader = reader
        self._metrics = metrics
        self._keep = keep
        self._looked_at: dict[WorkloadRef, datetime] = {}

    def prune(self, rollbacks: list[Rollback], now: datetime) -> None:
        """One pass over all records. Raises `ApiError`."""
        self._looked_at = {ref: at for ref, at in self._looked_at.items() if at > now - LOOK_AGAIN_AFTER}
        by_workload: dict[WorkloadRef, list[Rollback]] = defaultdict(list)
        for rollback in rollbacks:
            by_workload[rollback.ref].append(rollback)
        old: dict[WorkloadRef, list[Rollback]] = defaultdict(list)
        for rollback in old_ones(rollbacks, now, self._keep):
            if rollback.ref not in self._looked_at:
                old[rollback.ref].append(rollback)
        for ref in list(old)[:MOST_WORKLOADS]:
            self._looked_at[ref] = now
            world = self._reader.read(old[ref][0].alert, ref)
            for rollback in may_go(old[ref], by_workload[ref], world):
                self._delete(rollback)

    def _delete(self, rollback: Rollback) -> None:
        try:
            if self._store.delete(rollback):
                self._metrics.pruned.inc()
                log(
                    "record pruned", rollback=rollback.name, namespace=rollback.ref.namespace, phase=str(rollback.phase)
                )
        except ApiError as error:
            if error.status != 403:  # A namespace that ends takes its records along.
                raise
            log("record not pruned", rollback=rollback.name, namespace=rollback.ref.namespace, error=str(error))
