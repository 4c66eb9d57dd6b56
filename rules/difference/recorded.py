"""What changes in recordings: what an objective measures. Those that differ in their window only are told once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rules.difference.pairs import SLO_LABELS
from rules.group import Recording, RuleSet

_WINDOW = re.compile(r"(?<=rate)(?:[0-9]+(?:ms|[smhdwy]))+\b|(?<=\[)(?:[0-9]+(?:ms|[smhdwy]))+(?=\])")


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """Of which objective and which recording (its name without the window), in words."""

    slo: str
    record: str
    words: str


def recorded_changes(old: Iterable[RuleSet], new: Iterable[RuleSet]) -> list[RecordedChange]:
    """What changes in the recordings of each objective."""
    before, after = _texts(old), _texts(new)
    found = []
    for key in dict.fromkeys((*before, *after)):
        gone, come = before.get(key, set()), after.get(key, set())
        if not come:
            words = "is no longer recorded"
        elif not gone:
            words = "is recorded now"
        elif gone <= come or come <= gone:
            continue  # Other windows, or one that is reckoned as others are: the same is measured.
        else:
            # One window's is enough to tell what changed: the shortest text.
            words = f"is {min(come - gone, key=len)} instead of {min(gone - come, key=len)}"
        found.append(RecordedChange(*key, words))
    return found


def _texts(sets: Iterable[RuleSet]) -> dict[tuple[str, str], set[str]]:
    """The expressions without their windows, by objective and by the recordings' names without theirs."""
    recordings = [rule for one in sets for rule in one.rules if isinstance(rule, Recording)]
    records = "|".join(re.escape(name) for name in sorted({one.record for one in recordings}, key=len, reverse=True))
    # Which of the recordings is meant is told by the objective.
    own = re.compile(rf"({records})\{{[^{{}}]*\}}")
    found: dict[tuple[str, str], set[str]] = {}
    for one in recordings:
        slo = next((one.labels[name] for name in SLO_LABELS if name in one.labels), "")
        text = own.sub(r"\1", " ".join(one.expression.split()))
        found.setdefault((slo, _WINDOW.sub("…", one.record)), set()).add(_WINDOW.sub("…", text))
    return found
