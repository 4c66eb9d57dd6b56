"""Which records may go: each reason to stay, and its neighbour."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from receiver.decision.phases import UNFINISHED, Phase
from receiver.decision.values import Alert, WorkloadRef, World
from receiver.metrics import Metrics
from receiver.rollbacks.pruning import LOOK_AGAIN_AFTER, MOST_WORKLOADS, Pruner, may_go, old_ones
from receiver.rollbacks.record import Rollback
from receiver.timestamps import format_time
from tests.unit.rollbacks.test_machine import rollback
from tests.unit.scenario import NOW, V1, V2, namespace, revision, workload, world

KEEP = timedelta(days=30)
SECOND = timedelta(seconds=1)
NOW_V3 = world(workload=workload(V1, V2, revision(3)))
"""Neither the blamed nor the restored template runs."""


def record(
    name: str = "shop-2", phase: Phase = Phase.RECOVERED, age: timedelta = KEEP + SECOND, **status: Any
) -> Rollback:
    at = NOW - age
    made = replace(rollback(phase), name=name, claimed_at=at, attempted_at=at)
    return replace(made, status={**made.status, "undoneAt": format_time(at), **status})


def old(*records: Rollback) -> list[str]:
    return [one.name for one in old_ones(records, NOW, KEEP)]


@pytest.mark.parametrize("phase", list(Phase))
def test_only_finished_ones(phase: Phase) -> None:
    assert (old(record(phase=phase)) == []) is (phase in UNFINISHED)


def test_a_record_whose_recovery_is_unknown_is_finished() -> None:
    assert old(record(phase=Phase.ROLLED_BACK, recoveryUnknown=True)) == ["shop-2"]


def test_only_old_ones_the_oldest_first() -> None:
    assert old(record(age=KEEP)) == []
    assert old(record("a"), record("b", age=2 * KEEP), record("c", age=KEEP)) == ["b", "a"]


@pytest.mark.parametrize("field", ["undoneAt", "rolledBackAt", "recoveredAt", "expiresAt", "notBefore", "quietSince"])
def test_age_counts_from_the_last_that_the_record_tells(field: str) -> None:
    assert old(told(field, NOW - KEEP)) == []
    assert old(told(field, NOW - KEEP - SECOND)) == ["shop-2"]


def told(field: str, at: datetime) -> Rollback:
    made = record()
    return replace(made, status={**made.status, field: format_time(at)})


def test_so_do_a_later_attempt_and_a_persons_word() -> None:
    young = NOW - KEEP
    assert old(replace(record(), attempted_at=young)) == []
    assert old(replace(record(), cleared={"at": format_time(young), "by": "a"})) == []
    assert old(replace(record(), reverted={"at": format_time(young), "by": "a"})) == []


def goes(given: Rollback, seen: World = NOW_V3, *others: Rollback) -> bool:
    """Whether it goes; a later undo of the workload bears witness in its place."""
    witness = record("witness", age=SECOND)
    return given in may_go([given], [given, witness, *others], seen)


def test_while_its_blamed_or_restored_template_runs_it_stays() -> None:
    blamed, restored = world(workload=workload(V1, V2)), world(workload=workload(V2, V1))
    assert record().blamed_hash == V2.template_hash
    assert record().target_hash == V1.template_hash
    assert not goes(record(), blamed)
    assert not goes(record(), restored)
    assert goes(record())


def test_without_its_workload_it_goes() -> None:
    assert may_go([record()], [record()], world(workload=None)) == [record()]


def test_a_longer_cooldown_keeps_it() -> None:
    def with_cooldown(days: int) -> World:
        policy = {"metricops.dev/cooldown": f"{days}d"}
        return world(workload=workload(V1, V2, revision(3), annotations=policy))

    assert not goes(record(), with_cooldown(31))
    assert goes(record(), with_cooldown(30))
    assert not goes(record(), replace(NOW_V3, namespace=namespace(annotations={"metricops.dev/cooldown": "31d"})))
    assert not goes(record(), replace(NOW_V3, namespace=namespace(annotations={"metricops.dev/cooldown": "soon"})))


class TestNotNewlyEnabled:
    """Records by which a workload is known to have been observed, or undone, before."""

    def test_the_last_undo_stays(self) -> None:
        records = [record("a", age=50 * KEEP), record("b", age=40 * KEEP)]
        assert [one.name for one in may_go(records, records, NOW_V3)] == ["a"]

    def test_so_does_what_was_observed_where_nothing_was_undone(self) -> None:
        observed = [self.dry_run(name, age) for name, age in (("a", 4), ("b", 3), ("c", 2))]
        policy = {"metricops.dev/observe-first": "2"}
        seen = world(workload=workload(V1, V2, revision(3), annotations=policy))
        assert [one.name for one in may_go(observed, observed, seen)] == ["a"]
        assert len(may_go(observed, observed, NOW_V3)) == 3
        undone = record("u", age=SECOND)
        assert len(may_go(observed, [*observed, undone], seen)) == 3

    def dry_run(self, name: str, times: int) -> Rollback:
        made = record(name, Phase.DRY_RUN, times * KEEP)
        return replace(made, status={"phase": "DryRun"})


class Cluster:
    """A store and a reader: every workload runs something else than its records."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.read_for: list[str] = []

    def read(self, alert: Alert, ref: WorkloadRef) -> World:
        self.read_for.append(ref.name)
        return NOW_V3

    def delete(self, given: Rollback) -> bool:
        self.deleted.append(given.name)
        return True


def pruner(cluster: Cluster) -> Pruner:
    return Pruner(cast(Any, cluster), cast(Any, cluster), Metrics(), keep=KEEP)


def of(number: int, *, age: timedelta = 2 * KEEP) -> list[Rollback]:
    """A workload's old record, and a younger one that bears witness."""
    ref = WorkloadRef("Deployment", "prod", f"w{number:03}")
    return [replace(record(f"{kind}-{number}", age=at), ref=ref) for kind, at in (("old", age), ("new", SECOND))]


def test_a_pass_looks_at_a_few_workloads_and_the_next_at_others() -> None:
    cluster = Cluster()
    records = [one for number in range(MOST_WORKLOADS + 3) for one in of(number)]
    prune = pruner(cluster)
    prune.prune(records, NOW)
    assert len(cluster.read_for) == len(cluster.deleted) == MOST_WORKLOADS
    prune.prune(records, NOW)
    assert len(set(cluster.read_for)) == len(cluster.read_for) == MOST_WORKLOADS + 3
    prune.prune(records, NOW)
    assert len(cluster.read_for) == MOST_WORKLOADS + 3


def test_a_workload_is_looked_at_again_after_an_hour() -> None:
    cluster, given = Cluster(), of(1)
    prune = pruner(cluster)

    def read_at(at: datetime) -> int:
        prune.prune(given, at)
        return len(cluster.read_for)

    assert [read_at(NOW), read_at(NOW + LOOK_AGAIN_AFTER - SECOND), read_at(NOW + LOOK_AGAIN_AFTER)] == [1, 1, 2]


def test_young_records_cost_nothing() -> None:
    cluster = Cluster()
    pruner(cluster).prune(of(1, age=KEEP), NOW)
    assert cluster.read_for == cluster.deleted == []
