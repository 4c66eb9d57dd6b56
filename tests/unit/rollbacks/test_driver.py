"""In which order a sweep hands out what it finds, and that what is queued is worked on at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from receiver.decision.phases import Phase
from receiver.decision.values import Workload, WorkloadRef
from receiver.metrics import Metrics
from receiver.rollbacks.driver import Driver, fair_order
from receiver.rollbacks.record import Rollback
from receiver.rollbacks.worker import Claim
from tests.unit.rollbacks.test_machine import rollback
from tests.unit.scenario import NOW, V1, V2, workload

CLAIMED = [replace(rollback(Phase.CLAIMED), name=f"shop-{number}") for number in range(5)]
UNDOING = [replace(rollback(Phase.UNDOING), name=f"cart-{number}") for number in range(5)]


def names(found: list[Rollback]) -> set[str]:
    return {record.name for record in found}


def test_outstanding_undos_come_first() -> None:
    found = fair_order([*UNDOING, *CLAIMED])
    assert names(found[:5]) == names(CLAIMED)
    assert names(found[5:]) == names(UNDOING)


def test_nobody_is_always_the_last() -> None:
    """A receiver that is killed after its first record each time must come to all of them."""
    assert names([fair_order(CLAIMED)[0] for _ in range(300)]) == names(CLAIMED)


class Records:
    """Stands for store, reader, worker and budget: no records to sweep, and steps that are done at once."""

    def __init__(self) -> None:
        self.begun: list[str] = []

    def all(self) -> list[Rollback]:
        return []

    def look(self) -> None: ...

    def work(self, _namespace: str, name: str, _claim: Claim) -> None:
        self.begun.append(name)


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def driver(records: Records) -> Iterator[Driver]:
    """One that has swept, and does so again in an hour."""
    any_records = cast(Any, records)
    driver = Driver(
        any_records,
        any_records,
        any_records,
        Metrics(),
        clock=lambda: datetime.now(UTC),
        sweep_every=timedelta(hours=1),
        budget=any_records,
        prune=lambda _all, _now: None,
    )
    driver.start()
    assert becomes_true(lambda: driver.has_swept)
    yield driver
    driver.stop()


def becomes_true(condition: Callable[[], bool], seconds: float = 2.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)
    return condition()


def test_every_claim_is_worked_on_at_once(driver: Driver, records: Records) -> None:
    """Each wakes a thread that works, never the one that only sweeps."""
    for number in range(50):
        name = f"shop-{number}"
        driver.enqueue(Claim(replace(CLAIMED[0], name=name), cast(Any, None)))
        assert becomes_true(lambda name=name: name in records.begun), f"{name} waits"  # type: ignore[misc]


def test_a_restored_release_is_looked_after_until_it_is_left() -> None:
    """However many records there are, a sweep reads only the workloads that still run what an undo brought back."""
    done = replace(rollback(Phase.RECOVERED), status={"undoneAt": NOW.isoformat()})
    running, read = {done.ref: V1.template_hash}, []

    class World(Records):
        def all(self) -> list[Rollback]:
            return [done]

        def workload(self, ref: WorkloadRef) -> Workload:
            read.append(ref)
            return replace(workload(), template_hash=running[ref])

    world, metrics = cast(Any, World()), Metrics()
    driver = Driver(
        world,
        world,
        world,
        metrics,
        clock=lambda: NOW,
        sweep_every=timedelta(hours=1),
        budget=world,
        prune=lambda _all, _now: None,
        threads=1,
    )

    def shown() -> int:
        driver.sweep()
        _, restored = metrics.records.collect()
        return len(restored.samples)

    assert shown() == 1
    assert shown() == 1
    running[done.ref] = V2.template_hash
    assert shown() == 0
    running[done.ref] = V1.template_hash
    assert shown() == 0
    assert len(read) == 3
