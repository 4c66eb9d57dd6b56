"""How many undos an hour may hold: more than that is no bad deploy, and undoing on would only add to the trouble."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """The most undos within `window`, in one namespace and in the whole installation."""

    namespace: int = 5
    cluster: int = 10
    window: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Slot:
    """One undo that counts: `holder` names its Rollback and attempt, which makes taking a slot repeatable."""

    holder: str
    namespace: str
    taken_at: datetime


def counted(slots: Iterable[Slot], limits: Limits, now: datetime) -> tuple[Slot, ...]:
    """The slots that still count."""
    return tuple(slot for slot in slots if slot.taken_at > now - limits.window)


def why_over_budget(slots: Iterable[Slot], namespace: str, limits: Limits, now: datetime) -> str | None:
    """None where one more undo in the namespace fits, else which budget is spent and when it frees, in words."""
    counting = counted(slots, limits, now)
    of_namespace = [slot for slot in counting if slot.namespace == namespace]
    for scope, found, most in (
        (f"namespace {namespace}", of_namespace, limits.namespace),
        ("the cluster", list(counting), limits.cluster),
    ):
        if len(found) >= most:
            free = sorted(slot.taken_at for slot in found)[len(found) - most] + limits.window
            return (
                f"{len(found)} undos in {scope} within {limits.window}, the budget is {most}; "
                f"one is free again at {free:%Y-%m-%dT%H:%M:%SZ}"
            )
    return None
