"""What a specification says, whatever format it was written in, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from rules.names import KIND_BY_LABEL, NAMESPACE_LABEL
from rules.windows import BurnWindow, Severity

DEFAULT_MINIMUM_ERRORS = 5
"""So many failed events an alert must have seen in its long window before it may undo: one failure is no reason."""

Labels = tuple[tuple[str, str], ...]
"""Pairs of name and value, in the order in which they were written."""


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
class PerWorkload:
    """One objective for many workloads: each alert blames the one that its series name.

    `label` is deployment, statefulset or daemonset; the other two are the series' labels that hold the namespace and
    the workload's name (`exported_namespace`, say, where the scrape has taken the name away).
    """

    label: str
    namespace_from: str
    name_from: str


@dataclass(frozen=True, slots=True)
class ForPeople:
    """No workload is named: people are alerted, nothing is ever undone."""


Subject = WorkloadTarget | PerWorkload | ForPeople


@dataclass(frozen=True, slots=True)
class EventRatio:
    """Failed events over all events, as queries with the placeholder `$window` for their range.

    Either `errors` or `good` is given. Where they are not `aggregated`, the queries give one series or many, which are
    summed (per workload, where the subject is that, and by `grouping`); else they are taken as they are. Where they
    are `countable`, their values are events per second; else they can be divided, but one failure may count as many.
    Where `good` and `total` come from the `same_series`, as the buckets of one histogram do, a missing `good` is a
    query that asks for the wrong thing; else it means that no event was good yet.
    """

    total: str
    errors: str = ""
    good: str = ""
    countable: bool = True
    aggregated: bool = False
    same_series: bool = False

    @property
    def counts_per_second(self) -> bool:
        """Whether failed events can be counted, one as one."""
        return self.countable


@dataclass(frozen=True, slots=True)
class RatioQuery:
    """The error ratio itself, between 0 and 1, as a query with the placeholder `$window`, one series per group.

    Of several series in a group the worst counts. `total` asks for all events per second, likewise; empty where there
    is nothing to count.
    """

    ratio: str
    total: str = ""

    @property
    def counts_per_second(self) -> bool:
        """Whether failed events can be counted, one as one."""
        return bool(self.total)


Indicator = EventRatio | RatioQuery


@dataclass(frozen=True, slots=True)
class AlertTexts:
    """What a specification adds to its alerts of one severity; a `disabled` one is not generated."""

    labels: Labels = ()
    annotations: Labels = ()
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class ErrorBudget:
    """A share of events (`objective`, between 0 and 1) that must be good over a period, and when to alert.

    `grouping` are labels that one objective is kept for each value of, beside the workload's. People are told where
    the events' series have been `absent` for so long; None: never.
    """

    objective: Fraction
    period: timedelta
    indicator: Indicator
    windows: tuple[BurnWindow, ...]
    minimum_errors: int
    grouping: tuple[str, ...] = ()
    absent: timedelta | None = None

    @property
    def budget(self) -> Fraction:
        """The share of events that may fail."""
        return 1 - self.objective


@dataclass(frozen=True, slots=True)
class DeployerRule:
    """The deployer's own PromQL, word for word: while it gives anything, the release is bad, and `undo` may undo it."""

    expression: str
    hold: timedelta
    undo: bool = True


@dataclass(frozen=True, slots=True)
class Specification:
    """One objective and whom it judges.

    `namespace` is where its PrometheusRule goes, empty where nothing says so. `labels` are those of that object;
    `series_labels` are added to recordings and alerts; `alert` is the alerts' name, empty for ours. `notes` are what a
    reader should be told: what could be read but not used, in a sentence each.
    """

    name: str
    service: str
    subject: Subject
    judge: ErrorBudget | DeployerRule
    namespace: str = ""
    labels: Labels = ()
    series_labels: Labels = ()
    alert: str = ""
    page: AlertTexts = AlertTexts()
    ticket: AlertTexts = AlertTexts()
    description: str = ""
    runbook: str = ""
    dashboard: str = ""
    notes: tuple[str, ...] = ()

    def texts(self, severity: Severity) -> AlertTexts:
        """What it adds to its alerts of this severity."""
        return self.page if severity == "page" else self.ticket

    def may_undo(self, window: BurnWindow) -> bool:
        """Whether the alert of a window may undo: it says so, a workload is named, and what it needs can be counted."""
        judge = self.judge
        if isinstance(judge, DeployerRule) or isinstance(self.subject, ForPeople):
            return False
        return window.undo and (judge.minimum_errors == 0 or judge.indicator.counts_per_second)

    @property
    def windows(self) -> tuple[BurnWindow, ...]:
        """Those of its windows that are alerted on."""
        judge = self.judge
        if isinstance(judge, DeployerRule):
            return ()
        return tuple(window for window in judge.windows if not self.texts(window.severity).disabled)

    @property
    def last_resort(self) -> BurnWindow | None:
        """The longest window, for people, whose alert does not end because nobody asks for what is dead.

        None where failed events can't be counted, or are not to be, where that alert may undo or has no short window.
        """
        judge = self.judge
        if isinstance(judge, DeployerRule) or not judge.minimum_errors or not judge.indicator.counts_per_second:
            return None
        longest = max(self.windows, key=lambda window: window.long, default=None)
        if longest is None or self.may_undo(longest) or longest.short == longest.long:
            return None
        return longest
