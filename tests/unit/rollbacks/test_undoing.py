"""What is done for a record while its undo rolls out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from receiver.cluster.api import Api, JsonObject
from receiver.decision.phases import Phase
from receiver.decision.recovery import Standing
from receiver.decision.templates import Template
from receiver.decision.values import Revision, Workload, WorkloadRef, World
from receiver.rollbacks.steps import Move, Note, Step, Timing, View, Wait
from receiver.rollbacks.undoing import help_along
from receiver.workloads.registry import KINDS
from tests.unit.rollbacks.test_machine import rollback
from tests.unit.scenario import NOW, V1, V2, workload, world

API = cast(Api, None)
WAITS: Step = Wait(NOW)
LEAVES: Step = Move(Phase.ROLLED_BACK, "rollout-complete", "")


class Kind:
    """Writes down what it is asked to do. `left` is how often giving back fails, None where nothing is to give."""

    def __init__(self, left: int | None, *, unblocks: bool = True) -> None:
        self.left = left
        self.unblocks = unblocks
        self.asked: list[str] = []

    def read(self, api: Api, ref: WorkloadRef, now: Any) -> Workload | None:
        raise NotImplementedError

    def undo(self, api: Api, seen: Workload, target: Revision, template: Template, restored_by: JsonObject) -> Any:
        raise NotImplementedError

    def is_settled(self, seen: Workload) -> bool:
        return self.left is None

    def settle_ownership(self, api: Api, ref: WorkloadRef) -> bool:
        self.asked.append("settle")
        return self.left == 0

    def unblock(self, api: Api, seen: Workload, blamed: Revision) -> str:
        self.asked.append(f"unblock {blamed.name}")
        return "shop-0"

    def why_blocked(self, api: Api, seen: Workload, now: Any) -> str:
        raise NotImplementedError


def help_with(
    patch: pytest.MonkeyPatch, step: Step, of: World, left: int | None = 0, *, unblocks: bool = True
) -> tuple[bool, list[str]]:
    kind = Kind(left, unblocks=unblocks)

    def why_stopped() -> str | None:
        assert unblocks or left is not None, "the switch is read although nothing is to be written"
        return of.stopped

    patch.setitem(KINDS, "Deployment", kind)
    view = View(of, Standing(), Timing())
    return help_along(API, rollback(Phase.UNDOING), view, step, why_stopped), kind.asked


def test_while_it_rolls_out(monkeypatch: pytest.MonkeyPatch) -> None:
    unblocked = f"unblock {V2.name}"
    assert help_with(monkeypatch, WAITS, world()) == (True, ["settle", unblocked])
    assert help_with(monkeypatch, WAITS, world(), 1) == (True, ["settle", unblocked])
    assert help_with(monkeypatch, WAITS, world(), None) == (True, [unblocked])


def test_a_note_about_what_blocks_is_no_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    assert help_with(monkeypatch, Note({}), world(), 1) == (True, ["settle", f"unblock {V2.name}"])


def test_a_kind_that_nothing_blocks_costs_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    assert help_with(monkeypatch, WAITS, world(), None, unblocks=False) == (True, [])
    assert help_with(monkeypatch, WAITS, world(), unblocks=False) == (True, ["settle"])


def test_it_does_not_leave_before_the_fields_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    assert help_with(monkeypatch, LEAVES, world()) == (True, ["settle"])
    assert help_with(monkeypatch, LEAVES, world(), 1) == (False, ["settle"])
    assert help_with(monkeypatch, LEAVES, world(), None) == (True, [])


def test_the_stop_switch_stops_every_write(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = replace(world(), stopped="says stop")
    assert help_with(monkeypatch, WAITS, stopped) == (True, [])
    assert help_with(monkeypatch, LEAVES, stopped) == (False, [])
    assert help_with(monkeypatch, LEAVES, stopped, None) == (True, [])


def test_without_the_blamed_revision_no_pod_is_its(monkeypatch: pytest.MonkeyPatch) -> None:
    assert help_with(monkeypatch, WAITS, world(workload=workload(V1))) == (True, ["settle"])
    assert help_with(monkeypatch, LEAVES, world(workload=None)) == (True, [])
