"""What a reason is: a word for machines, sentences for people, and what becomes of the alert."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What becomes of an alert."""

    IGNORED = "ignored"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    DEFERRED = "deferred"
    CLAIMED = "claimed"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a decision is what it is. `word` is stable; `meaning` and `remedy` are sentences for people."""

    word: str
    verdict: Verdict
    meaning: str
    remedy: str
