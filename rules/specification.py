"""A service level objective, or a deployer's own rule, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

DEFAULT_MINIMUM_ERRORS = 5
"""So many failed events an alert must have seen in its long window before it may undo: one failure of three is none."""


@dataclass(frozen=True, slots=True)
class WorkloadTarget:
    """Whom an alert blames: `label` is deployment, statefulset or daemonset."""

    namespace: str
    label: str
    name: str

    def labels(self) -> dict[str, str]:
        """As alert labels."""
        return {"namespace": self.namespace, self.label: self.name}


@dataclass(frozen=True, slots=True)
class BurnWindow:
    """One pair of windows of a multiwindow, multi-burn-rate alert (Google's SRE workbook, chapter 5).

    The alert fires while the error ratio over both windows exceeds `factor` times the error budget.
    """

    severity: str
    long: timedelta
    short: timedelta
    factor: Fraction
    hold: timedelta
    undo: bool


@dataclass(frozen=True, slots=True)
class Objective:
    """An SLO over events. `objective` is a ratio (0.999); the queries hold the placeholder `$window`."""

    name: str
    service: str
    workload: WorkloadTarget
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
class RawRule:
    """A deployer's own alert expression, which is taken word for word."""

    name: str
    service: str
    workload: WorkloadTarget
    expression: str
    hold: timedelta


Specification = Objective | RawRule
