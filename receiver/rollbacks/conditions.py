"""The conditions of a Rollback's status, as Kubernetes' API conventions want them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from receiver.decision.phases import Phase
from receiver.rollbacks.record import Rollback
from receiver.rollbacks.steps import Condition, Move
from receiver.timestamps import format_time

BY_PHASE: dict[Phase, tuple[tuple[str, str], ...]] = {
    Phase.UNDOING: (("Undone", "True"), ("RolloutComplete", "False")),
    Phase.ROLLED_BACK: (("RolloutComplete", "True"), ("Recovered", "Unknown")),
    Phase.RECOVERED: (("Recovered", "True"),),
    Phase.NOT_RECOVERED: (("Recovered", "False"),),
}
"""Which conditions entering a phase sets: type and status."""


def conditions_after(rollback: Rollback, move: Move, now: datetime) -> list[dict[str, Any]]:
    """All conditions after a move."""
    entered = (Condition(kind, status, move.reason, move.message) for kind, status in BY_PHASE.get(move.phase, ()))
    return with_conditions(rollback, tuple(entered), now)


def with_conditions(rollback: Rollback, news: tuple[Condition, ...], now: datetime) -> list[dict[str, Any]]:
    """All conditions with these; lastTransitionTime changes only with the status of a condition."""
    conditions = {condition["type"]: dict(condition) for condition in rollback.status.get("conditions") or []}
    for new in news:
        before = conditions.get(new.type)
        unchanged = before is not None and before["status"] == new.status
        conditions[new.type] = {
            "type": new.type,
            "status": new.status,
            "reason": camel(new.reason),
            "message": new.message[:1024],
            "lastTransitionTime": before["lastTransitionTime"] if before and unchanged else format_time(now),
        }
    return [conditions[kind] for kind in sorted(conditions)]


def camel(word: str) -> str:
    """`alert-absent` as a condition's reason: `AlertAbsent`."""
    return "".join(part.capitalize() for part in word.split("-"))
