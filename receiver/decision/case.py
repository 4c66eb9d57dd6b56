"""What the stages of a decision are handed, and what they may answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from receiver.decision.evidence import Answer
from receiver.decision.policy import Policy
from receiver.decision.reason import Reason
from receiver.decision.values import Alert, EvidencePolicy, Revision, Workload, World


@dataclass(frozen=True, slots=True)
class Refusal:
    """A stage's end of the judgement: the reason, and the values that it saw in words."""

    reason: Reason
    detail: str
    rollback: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A world whose workload is known and opted in; `blamed` is the revision that runs now."""

    world: World
    workload: Workload
    policy: Policy
    own_record: str | None

    @property
    def blamed(self) -> Revision | None:
        """The revision that runs now; None while the controller has not made it."""
        return self.workload.current

    @property
    def onset(self) -> datetime:
        """When the trouble began: by the SLI where it shows that, else by the alert.

        An alert can go on from earlier trouble, or its long window begin late; the SLI that was good when the rollout
        began knows better. Of the alert, the source knows the onset without any `for`.
        """
        evidence, starts_at = self.world.evidence, self.world.alert.starts_at
        if evidence and evidence.onset and evidence.before.answer is Answer.GOOD:
            return evidence.onset
        return min(starts_at, evidence.active_at) if evidence and evidence.active_at else starts_at

    @property
    def requires_evidence(self) -> bool:
        """Whether an unknown answer refuses."""
        return self.policy.evidence is EvidencePolicy.REQUIRE_EVIDENCE


AlertStage = Callable[[Alert], Refusal | None]
CaseStage = Callable[[Case], Refusal | None]


def iso(moment: datetime) -> str:
    """A moment as details tell it: RFC 3339, whole seconds."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
