"""When the alerts of an objective fire, in words and as JSON: how much budget they let go, and how soon they tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any

from rules import names
from rules.specification import (
    DeployerRule,
    ErrorBudget,
    ForPeople,
    PerWorkload,
    Specification,
    Subject,
    WorkloadTarget,
)
from rules.spoken import exact_duration, percent, rounded_duration, short_number
from rules.windows import BurnWindow, in_seconds

_ROUND = tuple(Fraction(mantissa, 10**places) for places in range(6, 0, -1) for mantissa in (1, 2, 5))
"""Error ratios that are easily said: 0.000001 … 0.2, 0.5."""
_OBJECTIVE_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Detection:
    """How long a steady error ratio (between 0 and 1) burns before the alert fires."""

    error_ratio: Fraction
    after: timedelta


@dataclass(frozen=True, slots=True)
class BurnExplained:
    """One burn alert. `share` is the part of the period's budget that it lets go before it fires at the latest."""

    window: BurnWindow
    period: timedelta
    threshold: Fraction
    share: Fraction
    detections: tuple[Detection, ...]
    clears_within: timedelta
    may_undo: bool
    minimum_errors: int
    outlasts_traffic: bool
    """Whether it goes on where nobody asks any more for what is dead."""

    def words(self, whom: str) -> str:
        """One sentence; `whom` is what it may undo."""
        window = self.window
        times = ", ".join(
            f"at {'a total outage' if found.error_ratio == 1 else f'{percent(found.error_ratio)} errors'} "
            f"after {rounded_duration(found.after)}"
            for found in self.detections
        )
        lasts = ", but not for want of traffic" if self.outlasts_traffic else ""
        undoes = f"; may undo {whom}" if self.may_undo else ""
        if self.may_undo and self.minimum_errors:
            undoes += f", once {self.minimum_errors} events have failed in {exact_duration(window.long)}"
        return (
            f"{window.severity}: {percent(self.share)} of the budget of {exact_duration(self.period)} in "
            f"{exact_duration(window.long)} ({short_number(window.factor)} times the allowed errors, above "
            f"{percent(self.threshold)}): {times}; clears within {exact_duration(self.clears_within)}{lasts}{undoes}."
        )

    def as_json(self) -> dict[str, Any]:
        """Ratios are between 0 and 1, times in seconds."""
        return {
            "severity": self.window.severity,
            "long_window_seconds": _seconds(self.window.long),
            "short_window_seconds": _seconds(self.window.short),
            "for_seconds": _seconds(self.window.hold),
            "factor": float(self.window.factor),
            "error_ratio_above": float(self.threshold),
            "budget_share": float(self.share),
            "detections": [
                {"error_ratio": float(found.error_ratio), "after_seconds": _seconds(found.after)}
                for found in self.detections
            ],
            "clears_within_seconds": _seconds(self.clears_within),
            "outlasts_traffic": self.outlasts_traffic,
            "may_undo": self.may_undo,
            "minimum_errors": self.minimum_errors if self.may_undo else 0,
        }


@dataclass(frozen=True, slots=True)
class Explained:
    """All alerts of one specification."""

    specification: Specification
    burns: tuple[BurnExplained, ...]
    rule: DeployerRule | None

    @property
    def rule_may_undo(self) -> bool:
        """Whether the deployer's own rule may undo."""
        return self.rule is not None and self.rule.undo and not isinstance(self.specification.subject, ForPeople)

    def words(self) -> list[str]:
        """A heading, and a line per alert."""
        found = self.specification
        whom = subject_words(found.subject)
        if self.rule is not None:
            hold = f" for {exact_duration(self.rule.hold)}" if self.rule.hold else ""
            may = f"; may undo {whom}" if self.rule_may_undo else ""
            alerts = [f"page: while this gives anything{hold}: {self.rule.expression}{may}."]
            return [f"{found.name}: the deployer's own rule for {found.service}", *alerts]
        assert isinstance(found.judge, ErrorBudget)  # noqa: S101 - there is nothing else
        objective = f"{percent(found.judge.objective, _OBJECTIVE_DIGITS)} of what {found.service} does is good over"
        judges = f"judges {whom}" if not isinstance(found.subject, ForPeople) else "alerts people only"
        alerts = [burn.words(whom) for burn in self.burns] or ["no burn alerts."]
        if found.judge.absent is not None:
            alerts.append(f"ticket: once nothing has been known for {exact_duration(found.judge.absent)}.")
        return [f"{found.name}: {objective} {exact_duration(found.judge.period)}; {judges}", *alerts]

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        found = self.specification
        judge = found.judge
        subject = found.subject
        own: dict[str, Any] = (
            {"rule": judge.expression, "for_seconds": _seconds(judge.hold), "may_undo": self.rule_may_undo}
            if isinstance(judge, DeployerRule)
            else {
                "objective": float(judge.objective),
                "window_seconds": _seconds(judge.period),
                "absent_for_seconds": None if judge.absent is None else _seconds(judge.absent),
            }
        )
        return {
            "slo": found.name,
            "service": found.service,
            "namespace": found.namespace,
            "workload": subject.labels if isinstance(subject, WorkloadTarget) else None,
            "per_workload": subject.label if isinstance(subject, PerWorkload) else None,
            **own,
            "alerts": [burn.as_json() for burn in self.burns],
        }


def explain(specification: Specification) -> Explained:
    """When the specification's alerts fire; those that are disabled are left out."""
    judge = specification.judge
    if isinstance(judge, DeployerRule):
        return Explained(specification, (), judge)
    burns = tuple(_explain_burn(specification, judge, window) for window in specification.windows)
    return Explained(specification, burns, None)


def subject_words(subject: Subject) -> str:
    """Whom alerts blame: `the Deployment shop/shop`."""
    if isinstance(subject, WorkloadTarget):
        return f"the {subject}"
    if isinstance(subject, PerWorkload):
        kind = names.KIND_BY_LABEL[subject.label]
        return f"each {kind} that the labels {subject.namespace_from} and {subject.name_from} name"
    return "nothing"


def _explain_burn(specification: Specification, judge: ErrorBudget, window: BurnWindow) -> BurnExplained:
    threshold = window.threshold(judge.budget)
    # Twice the threshold or more: of just above it, the whole window is the answer, and that is told by its name.
    told = next((ratio for ratio in _ROUND if ratio >= 2 * threshold), None)
    times = ((ratio, window.detection_time(judge.budget, ratio)) for ratio in (told, Fraction(1)) if ratio is not None)
    return BurnExplained(
        window,
        judge.period,
        threshold,
        window.factor * in_seconds(window.long) / in_seconds(judge.period),
        tuple(Detection(ratio, after) for ratio, after in times if after is not None),
        window.short,
        specification.may_undo(window),
        judge.minimum_errors,
        window == specification.last_resort,
    )


def _seconds(duration: timedelta) -> float:
    return duration / timedelta(seconds=1)
