"""What an SLO file says, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from rules.names import KIND_BY_LABEL, NAMESPACE_LABEL
from rules.windows import BurnWindow

DEFAULT_MINIMUM_ERRORS = 5
"""So many failed events an alert must have seen in its long window before it may undo: one failure is no reason."""


@dataclass(frozen=True, slots=True)
class WorkloadTarget:
    """Whom an alert blames: `label` is deployment, statefulset or daemonset."""

    namespace: str
    label: str
    name: str

    @property
    def labels(self) -> dict[str, str]:
        """As labels of alerts and recordings."""
        return {NAMESPACE_LABEL: self.namespace, self.label: self.name}

    def __str__(self) -> str:
        return f"{KIND_BY_LABEL[self.label]} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class ErrorBudget:
    """A share of events (`objective`, between 0 and 1) that must be good over a period, and when to alert.

    `errors` and `total` are queries for events per second, with the placeholder `$window` as their range.
    """

    objective: Fraction
    period: timedelta
    errors: str
    total: str
    windows: tuple[BurnWindow, ...]
    minimum_errors: int

    @property
    def budget(self) -> Fraction:
        """The share of events that may fail."""
        return 1 - self.objective


@dataclass(frozen=True, slots=True)
class DeployerRule:
    """The deployer's own PromQL, word for word: while it gives anything, the release is bad."""

    expression: str
    hold: timedelta


@dataclass(frozen=True, slots=True)
class Specification:
    """What judges one workload. `labels` are those of the generated object, not of its alerts."""

    name: str
    service: str
    workload: WorkloadTarget
    labels: tuple[tuple[str, str], ...]
    judge: ErrorBudget | DeployerRule
