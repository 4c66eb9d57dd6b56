"""The values that a decision is made of. All times are aware datetimes in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from receiver.decision.evidence import Evidence
from receiver.decision.phases import Phase
from receiver.decision.reason import Reason, Verdict
from receiver.decision.references import Dependencies
from receiver.decision.templates import Template
from receiver.names import ALERT_NAME_LABEL


class Mode(StrEnum):
    """What a workload's owner lets MetricOps do: the values of the label metricops.dev/rollback."""

    ENABLED = "enabled"
    DRY_RUN = "dry-run"
    APPROVE = "approve"
    PAUSED = "paused"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class WorkloadRef:
    """Which workload: kind (`Deployment`, …), namespace and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.lower()}/{self.name} in {self.namespace}"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of a delivery. `group_key` is its group's, for following it through the logs."""

    status: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime
    fingerprint: str
    generator_url: str = ""
    group_key: str = ""

    @property
    def name(self) -> str:
        """The alert's name, empty where it has none."""
        return self.labels.get(ALERT_NAME_LABEL, "")


@dataclass(frozen=True, slots=True)
class Interval:
    """A moment that is only known to lie between two others, both included."""

    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision in a workload's history.

    `numbers` are all revision numbers that it has had, ascending: an old revision that is taken up again gets a new
    one. `name` is the ReplicaSet's or ControllerRevision's. `never_completed` says that its rollout was replaced before
    it was complete; where that is not known, it counts as completed.
    """

    numbers: tuple[int, ...]
    name: str
    template: Template
    template_hash: str
    created_at: datetime
    annotations: Mapping[str, str] = field(default_factory=dict)
    never_completed: bool = False

    @property
    def number(self) -> int:
        """The number that it has now."""
        return self.numbers[-1]

    @property
    def was_restored(self) -> bool:
        """Whether some rollout brought this revision back after a newer one had replaced it."""
        return len(self.numbers) > 1


@dataclass(frozen=True, slots=True)
class RestoredBy:
    """What our undo wrote on the workload: which Rollback, when, and the template that it brought back."""

    rollback: str
    template_hash: str
    restored_at: datetime


@dataclass(frozen=True, slots=True)
class Workload:
    """A workload as the API server shows it now.

    `current` is None while the controller has not yet made a revision of the current template. `template_writer` is
    the manager that managedFields name for the pod template; `managed_fields` are those entries as they are.
    `controlled_by` names the controlling owner, as in `Rollout/shop`; empty where there is none.
    """

    ref: WorkloadRef
    uid: str
    generation: int
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    template_hash: str
    revisions: tuple[Revision, ...]
    current: Revision | None
    rollout_began: Interval | None
    rollout_complete: bool
    paused: bool
    restored_by: RestoredBy | None = None
    template_writer: str = ""
    managed_fields: tuple[Mapping[str, Any], ...] = ()
    controlled_by: str = ""


@dataclass(frozen=True, slots=True)
class NamespaceFacts:
    """A namespace's labels and annotations, and its managedFields as they are."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    managed_fields: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class PastRollback:
    """What a decision needs of an earlier Rollback of the same workload.

    `reason` is the word for why it is in its phase. `cleared_at` is when a person last forgave the blamed template, by
    clearing it or by taking the undo back.
    """

    name: str
    phase: Phase
    mode: Mode
    fingerprint: str
    starts_at: datetime
    blamed_hash: str
    claimed_at: datetime
    undone_at: datetime | None
    cleared_at: datetime | None = None
    reason: str = ""


class EvidencePolicy(StrEnum):
    """What an unknown answer of the source means: the values of the annotation metricops.dev/evidence."""

    TRUST_ALERT = "trust-alert"
    REQUIRE_EVIDENCE = "require-evidence"


@dataclass(frozen=True, slots=True)
class Defaults:
    """The policy where no annotation says otherwise."""

    cooldown: timedelta = timedelta(minutes=5)
    attribution_window: timedelta = timedelta(hours=1)
    act_within: timedelta = timedelta(minutes=30)
    condemnation: timedelta = timedelta(days=30)
    evidence: EvidencePolicy = EvidencePolicy.TRUST_ALERT
    wide_fault_workloads: int = 3
    observe_first: int = 0
    minimum_failed_events: int = 5


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a decision looks at.

    `dependencies` are what was found of the objects that the target uses, None where that was not looked for.
    `rollbacks` are the records of the workload's namespace, kind and name, also of earlier objects of that name.
    `stopped` is None while the stop switch allows undos, else the reason in words; `released_at` is a moment by which
    it did so. `over_budget` is like `stopped`, as it was last known: the budget itself is asked by taking a slot.
    `evidence` is None where no source of metrics is known.
    """

    alert: Alert
    now: datetime
    defaults: Defaults
    workload: Workload | None = None
    namespace: NamespaceFacts = field(default_factory=lambda: NamespaceFacts({}, {}))
    rollbacks: tuple[PastRollback, ...] = ()
    stopped: str | None = None
    over_budget: str | None = None
    released_at: datetime | None = None
    evidence: Evidence | None = None
    dependencies: Dependencies | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done about an alert, and why. `not_before` is set for a deferred claim."""

    reason: Reason
    detail: str
    ref: WorkloadRef | None = None
    mode: Mode | None = None
    blamed: Revision | None = None
    target: Revision | None = None
    rollback: str = ""
    not_before: datetime | None = None

    @property
    def verdict(self) -> Verdict:
        """What becomes of the alert."""
        return self.reason.verdict

    @property
    def claims(self) -> bool:
        """Whether a Rollback is to be created."""
        return self.verdict in (Verdict.CLAIMED, Verdict.DEFERRED)
