"""In which order a sweep hands out what it finds."""

from __future__ import annotations

from dataclasses import replace

from receiver.decision.phases import Phase
from receiver.rollbacks.driver import fair_order
from receiver.rollbacks.record import Rollback
from tests.unit.rollbacks.test_machine import rollback

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
