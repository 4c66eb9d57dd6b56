"""What a step of a Rollback's life looks at, and what it can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from receiver.decision.phases import Phase
from receiver.decision.recovery import Standing
from receiver.decision.values import World


@dataclass(frozen=True, slots=True)
class Timing:
    """How long each phase may take."""

    judge_again_after: timedelta = timedelta(seconds=60)
    approval_expires: timedelta = timedelta(hours=1)
    rollout_deadline: timedelta = timedelta(minutes=10)
    settle: timedelta = timedelta(seconds=60)
    recovery_deadline: timedelta = timedelta(minutes=15)
    poll: timedelta = timedelta(milliseconds=500)
    approval_poll: timedelta = timedelta(seconds=5)
    """Beside what the watch tells at once."""
    rollout_hangs_after: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class View:
    """What a step looks at: the world as for a decision about the record's alert, and what the source says now.

    `blocked_by` says what holds a rollout up that has taken a while; empty where that is not known.
    """

    world: World
    standing: Standing
    timing: Timing
    blocked_by: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the status' conditions; `reason` is a word such as `no-sli`."""

    type: str
    status: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Move:
    """Go to another phase, with status fields."""

    phase: Phase
    reason: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """Stay in the phase, but write status fields and conditions."""

    fields: Mapping[str, Any]
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class SendUndo:
    """Send the PATCH that brings the target template back."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before this moment."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Finished:
    """Nothing to do any more."""


Step = Move | Note | SendUndo | Wait | Finished
