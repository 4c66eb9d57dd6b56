"""What became of an object's rules: the words of conditions, Events and log lines."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Whether the rules of this very generation are in force; the values are those of a condition."""

    YES = "True"
    NO = "False"
    UNKNOWN = "Unknown"


LOADED = "Loaded"
WRITTEN = "Written"
REFUSED = "RefusedByPrometheus"
NOT_TAKEN = "PrometheusNotReady"
NOT_READ = "NotInRuleFiles"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`reason` is one word; `message` says what is wrong, and what is in force instead.

    `is_rejection` tells what the object's owner has to mend from what is nobody's fault there.
    """

    state: State
    reason: str
    message: str
    is_rejection: bool = False


def rejection(reason: str, message: str, kept: str | None) -> Outcome:
    """The object's rules can't be used; `kept` are those that stay in force, None for none."""
    instead = "no rules of it are in force" if kept is None else f"{kept} stay in force"
    return Outcome(State.NO, reason, f"{message}; {instead}", is_rejection=True)
