"""What a source of metrics says about an alert, and what follows from it.

Each question is answered bad, good or unknown. Unknown never blames and never clears by itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from rules.comparison import Comparison


class Answer(StrEnum):
    """The answer to a question of evidence."""

    BAD = "bad"
    GOOD = "good"
    UNKNOWN = "unknown"


class Shown(StrEnum):
    """Whether the source itself shows the alert firing, by a rule that it has loaded."""

    FIRING = "firing"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Observation:
    """An answer with the number behind it: the SLI's value, and when it was that."""

    answer: Answer = Answer.UNKNOWN
    value: float | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Bound:
    """Which values of an SLI are bad: those to which `value comparison limit` applies."""

    limit: float
    comparison: Comparison = Comparison.ABOVE

    def answer(self, value: float) -> Answer:
        """Bad or good."""
        return Answer.BAD if self.comparison.holds(value, self.limit) else Answer.GOOD

    def __str__(self) -> str:
        return f"{self.comparison} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Count:
    """How many events there were since a moment, and how many of them failed; rounded, as rates give fractions."""

    failed: int
    events: int
    since: datetime


@dataclass(frozen=True, slots=True)
class SideBySide:
    """How the pods of the old and of the new release failed while both ran: the means of their error ratios.

    `alike` says that the new ones are certainly less than twice as bad (`receiver.decision.alike`).
    """

    alike: bool
    old: float
    new: float
    old_pods: int
    new_pods: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that was asked about one alert, and what was answered.

    `active_at` is when the alert's expression became true, before any `for`; `onset` is when the SLI became bad, None
    where that is not seen. `count` is of the events since the rollout, None where they can't be counted; `side_by_side`
    compares the pods, None where there is too little of both releases. `query` asks the SLI; where there is none,
    `no_sli` says why. `began_elsewhere` names the other workloads whose alerts that may undo began at about the same
    time. `labels` are those that the source shows the alert with: by them its SLI is found once it is absent.
    """

    shown: Shown
    active_at: datetime | None = None
    before: Observation = Observation()
    since: Observation = Observation()
    onset: datetime | None = None
    count: Count | None = None
    side_by_side: SideBySide | None = None
    query: str = ""
    bound: Bound | None = None
    no_sli: str = ""
    began_elsewhere: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of an SLI."""

    at: datetime
    value: float


def before_rollout(samples: Sequence[Sample], began: datetime, window: timedelta, bound: Bound) -> Observation:
    """The SLI when the rollout began: the last usable sample at or before it, no older than twice its window."""
    usable = [s for s in samples if began - 2 * window <= s.at <= began and math.isfinite(s.value)]
    return _observed(max(usable, key=lambda s: s.at, default=None), bound)


def since_rollout(samples: Sequence[Sample], began: datetime, bound: Bound) -> Observation:
    """The SLI now: the last usable sample after the rollout began."""
    usable = [s for s in samples if s.at > began and math.isfinite(s.value)]
    return _observed(max(usable, key=lambda s: s.at, default=None), bound)


def onset(samples: Sequence[Sample], bound: Bound) -> datetime | None:
    """When the trouble began that goes on: the first bad sample after the last good one.

    None where the last sample is good, or none before it was: then it began before anybody looked.
    """
    began = None
    for sample in sorted((s for s in samples if math.isfinite(s.value)), key=lambda s: s.at, reverse=True):
        if bound.answer(sample.value) is Answer.GOOD:
            return began
        began = sample.at
    return None


def _observed(sample: Sample | None, bound: Bound) -> Observation:
    if sample is None:
        return Observation()
    return Observation(bound.answer(sample.value), sample.value, sample.at)
