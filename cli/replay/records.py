"""The Rollbacks that would have been made: the receiver's own records and state machine, without a cluster.

An undo is taken to succeed at once: what the workload did after it in truth says nothing about what it would have done.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from receiver.decision import reasons
from receiver.decision.budget import Limits, Slot, why_over_budget
from receiver.decision.evidence import Evidence
from receiver.decision.phases import Phase, check_transition
from receiver.decision.recovery import AlertState, Standing
from receiver.decision.values import Alert, Decision, PastRollback, Workload, WorkloadRef, World
from receiver.rollbacks.budget import holder_of
from receiver.rollbacks.machine import next_step
from receiver.rollbacks.record import Rollback, new_rollback, read_rollback
from receiver.rollbacks.steps import Move, SendUndo, Timing, View
from receiver.timestamps import format_time

_AFTER_UNDO = (Phase.UNDOING, Phase.ROLLED_BACK, Phase.RECOVERED)


class Records:
    """All records so far, and the undos that count for the budget."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._items: dict[tuple[str, str], dict[str, Any]] = {}
        self._slots: list[Slot] = []

    def of_workload(self, ref: WorkloadRef) -> tuple[PastRollback, ...]:
        """What a decision about the workload looks at."""
        found = (self._read(key) for key in self._items)
        return tuple(rollback.as_past() for rollback in found if rollback.ref == ref)

    def why_over_budget(self, namespace: str, now: datetime) -> str | None:
        """None where one more undo fits."""
        return why_over_budget(self._slots, namespace, self._limits, now)

    def claim(
        self, decision: Decision, alert: Alert, workload: Workload, now: datetime, evidence: Evidence | None
    ) -> Rollback:
        """The record of a decision that claims; where one ended without an undo, its next attempt."""
        item = new_rollback(decision, alert, workload, now, evidence)
        key = (item["metadata"]["namespace"], item["metadata"]["name"])
        if key in self._items:
            before = self._read(key)
            again = {"attempt": before.attempt + 1, "attemptedAt": format_time(now), "mode": str(decision.mode)}
            self._move(key, Move(Phase.CLAIMED, decision.reason.word, decision.detail, again))
        else:
            item["metadata"] |= {"uid": "/".join(key), "resourceVersion": "1"}
            self._items[key] = item
        return self._read(key)

    def go_on(self, rollback: Rollback, world: World, alert_is_active: bool) -> Rollback:
        """Take the steps that the receiver would take now; afterwards the record waits, or has come to its end."""
        key = rollback.key
        state = AlertState.ACTIVE if alert_is_active else AlertState.ABSENT
        while True:
            rollback = self._read(key)
            step = next_step(rollback, View(world, Standing(state), Timing()))
            if isinstance(step, SendUndo):
                self._undo(rollback, world.now)
                return self._read(key)
            if not isinstance(step, Move):
                return rollback
            self._move(key, step)

    def _undo(self, rollback: Rollback, now: datetime) -> None:
        over = self.why_over_budget(rollback.ref.namespace, now)
        if over is not None:
            self._move(rollback.key, Move(Phase.OVER_BUDGET, reasons.OVER_BUDGET.word, over))
            return
        self._slots.append(Slot(holder_of(rollback), rollback.ref.namespace, now))
        fields: Mapping[str, Any] = {"undoneAt": format_time(now)}
        for phase in _AFTER_UNDO:
            self._move(rollback.key, Move(phase, reasons.UNDO.word, "undone", fields))

    def _move(self, key: tuple[str, str], move: Move) -> None:
        check_transition(self._read(key).phase, move.phase)
        status = self._items[key].setdefault("status", {})
        status |= {"phase": str(move.phase), "reason": move.reason, "message": move.message, **move.fields}

    def _read(self, key: tuple[str, str]) -> Rollback:
        return read_rollback(self._items[key])
