"""What a source of metrics says about an alert after the undo: whether it goes on, and how the SLI is now."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from receiver.decision.evidence import Answer, Observation, Sample

NOT_ASKED = Observation()


class AlertState(Enum):
    """Whether the source of the alert still shows it. UNKNOWN: no source, or none that answers for this rule."""

    ACTIVE = "active"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Standing:
    """One look at the source. `window` and `limit` are the SLI's, None where the rule carries no SLI; `sli` is unknown
    also where it was not asked. `lingers` is how long the alert stays active after its expression has ended.
    """

    alert: AlertState = AlertState.UNKNOWN
    sli: Observation = NOT_ASKED
    limit: float | None = None
    window: timedelta | None = None
    lingers: timedelta = timedelta(0)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing speaks against a recovery: the alert is absent, and the SLI good where one is known."""
        return self.alert is AlertState.ABSENT and (self.window is None or self.sli.answer is Answer.GOOD)


def sli_now(sample: Sample | None, limit: float) -> Observation:
    """The SLI by an instant query; NaN (no events) or no sample is unknown."""
    if sample is None or not math.isfinite(sample.value):
        return Observation()
    return Observation(Answer.BAD if sample.value > limit else Answer.GOOD, sample.value, sample.at)
