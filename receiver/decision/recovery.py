"""What a source of metrics says about an alert after the undo: whether it goes on, and how the SLI is now."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from receiver.decision.evidence import Answer, Bound, Observation, Sample

NOT_ASKED = Observation()


class AlertState(Enum):
    """Whether the source of the alert still shows it. UNKNOWN: no source, or none that answers for this rule."""

    ACTIVE = "active"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Standing:
    """One look at the source. `window` and `bound` are the SLI's, None where the rule has none that could be asked;
    `sli` is unknown also where it was not asked. `lingers` is how long the alert stays active after its expression has
    ended.
    """

    alert: AlertState = AlertState.UNKNOWN
    sli: Observation = NOT_ASKED
    bound: Bound | None = None
    window: timedelta | None = None
    lingers: timedelta = timedelta(0)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing speaks against a recovery: the alert is absent, and the SLI good where one is known."""
        return self.alert is AlertState.ABSENT and (self.window is None or self.sli.answer is Answer.GOOD)


def sli_now(sample: Sample | None, bound: Bound) -> Observation:
    """The SLI by an instant query; NaN (no events) or no sample is unknown."""
    if sample is None or not math.isfinite(sample.value):
        return Observation()
    return Observation(bound.answer(sample.value), sample.value, sample.at)
