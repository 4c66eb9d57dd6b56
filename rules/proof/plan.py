"""The cases that prove an objective's alerts: burns around each factor, outages, and what must never undo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from rules import names
from rules.burns import burn_alerts
from rules.durations import format_duration
from rules.group import AlertRule, RuleSet
from rules.proof.cases import Case, CaseKind, Fires
from rules.proof.events import Events, events_of
from rules.proof.forms import Kind, NotTestable, forms_of
from rules.proof.labels import Labels
from rules.proof.traffic import Segment, input_series
from rules.specification import (
    DeployerRule,
    ErrorBudget,
    EventRatio,
    PerWorkload,
    RatioQuery,
    Specification,
    WorkloadTarget,
)
from rules.windows import NO_TIME, BurnWindow

FEWEST_EVENTS, FEWEST_FAILED = Fraction(1_000_000), Fraction(10_000)
"""Per step: enough that whole numbers of events make every wanted ratio."""
SLACK_STEPS = 3
"""Scrape and evaluation come on top of a detection time, and a rate's ends are extrapolated."""
STEPS_PER_SHORT_WINDOW = 10
STEPS_PER_LONG_WINDOW = 60
STEPS_PER_OUTAGE = 5
CLOSEST_STEPS = 720
MOST_STEPS = 6000
"""Steps of a long window: more take minutes."""
JUST_UNDER, JUST_OVER = Fraction(95, 100), Fraction(105, 100)
QUIET_KINDS: tuple[CaseKind, ...] = ("clean", "no traffic", "no data", "no series", "few errors")
FIRING = {"alertstate": "firing"}
MILLISECOND = timedelta(milliseconds=1)


def plan(specification: Specification, rules: RuleSet) -> tuple[Case, ...]:
    """All cases of a specification's rules. Raises `NotTestable` where its series can't be made up."""
    judge = specification.judge
    if isinstance(judge, DeployerRule):
        raise NotTestable("is a rule of the deployer's own, without an objective to hold it against")
    burns = burn_alerts(specification, rules.rules)
    if not burns:
        raise NotTestable("has no alerts")
    planner = _Planner(specification, judge, events_of(specification, judge, forms_of(judge.indicator)))
    steady = [case for window, alert in burns for case in planner.burns(window, alert)]
    shortest = min((window for window, _ in burns), key=lambda window: window.long)
    return (*planner.quiet(shortest, any(specification.may_undo(window) for window, _ in burns)), *steady)


def step_of(window: BurnWindow, *, at_most: timedelta | None = None) -> timedelta:
    """How often a window is looked at: often enough to see it clear. Raises `NotTestable`."""
    step = min(window.short / STEPS_PER_SHORT_WINDOW, window.long / STEPS_PER_LONG_WINDOW, at_most or window.short)
    step = step // MILLISECOND * MILLISECOND
    if not step or window.long / step > MOST_STEPS:
        raise NotTestable(
            f"has a window of {format_duration(window.long)} beside one of {format_duration(window.short)}: "
            f"more than {MOST_STEPS} steps"
        )
    return step


@dataclass(frozen=True, slots=True)
class _Planner:
    specification: Specification
    budget: ErrorBudget
    events: Events

    def burns(self, window: BurnWindow, alert: AlertRule) -> Iterator[Case]:
        """Just under the factor, just over it, and an outage."""
        threshold = window.threshold(self.budget.budget)
        over = min(threshold * JUST_OVER, (threshold + 1) / 2)
        yield self._burn("just under", window, alert, threshold * JUST_UNDER)
        yield self._burn("just over", window, alert, over)
        yield self._burn("outage", window, alert, Fraction(1))

    def quiet(self, window: BurnWindow, undoes: bool) -> Iterator[Case]:
        """Traffic on which nothing fires, and on which nothing undoes; in steps of this window."""
        step = step_of(window)
        long = _steps(window.long, step)
        clean, still = Segment(long, FEWEST_EVENTS), Segment(long, Fraction(0))
        yield self._still("clean", step, [clean, clean], FIRING)
        if not undoes:
            return
        undo = {**FIRING, names.UNDO_LABEL: names.UNDO_VALUE}
        if self.events.kind != Kind.GAUGE:
            yield self._still("no traffic", step, [clean, still], undo)
        yield self._still("no data", step, [clean], undo, silent=long)
        yield self._still("no series", step, [], undo, silent=long)
        # A rate's ends are extrapolated: one less than the minimum could be counted as enough.
        few = min(self.budget.minimum_errors - 1, self.budget.minimum_errors * 9 // 10)
        if few > 0 and _counts_events(self.budget):
            burst = Segment(1, Fraction(few), Fraction(few))
            yield self._still("few errors", step, [still, burst, still], undo)

    def _still(
        self, kind: CaseKind, step: timedelta, segments: list[Segment], quiet: Labels, *, silent: int = 0
    ) -> Case:
        """A case that lasts as long as its series, and then `silent` steps more, in which there is nothing."""
        # A raw ratio is the objective's own business: without a series of errors it has no value.
        none_yet = kind == "clean" and isinstance(self.budget.indicator, EventRatio)
        ends = silent > 0
        series = input_series(self.events, segments, ends=ends, no_errors_yet=none_yet) if segments else []
        end = sum(segment.steps for segment in segments) + silent
        return Case(kind, None, step, 0, 0, end, tuple(series), None, None, quiet=quiet)

    def _burn(self, kind: CaseKind, window: BurnWindow, alert: AlertRule, ratio: Fraction) -> Case:
        threshold = window.threshold(self.budget.budget)
        detected = window.detection_time(self.budget.budget, ratio)
        # How soon an outage undoes is worth a closer look.
        closer = max(window.long / CLOSEST_STEPS, (detected or window.long) / STEPS_PER_OUTAGE)
        step = step_of(window, at_most=closer if kind == "outage" and self.specification.may_undo(window) else None)
        slack = step * SLACK_STEPS
        # What never fires on its own needs no clean traffic before.
        onset = _steps(window.long, step) if detected else 0
        burning = _steps(window.long + window.hold if detected is None else detected, step) + SLACK_STEPS
        # Long enough for the short window to hold nothing but the burn.
        burning = max(burning, _steps(window.short, step)) if kind == "just over" else burning
        clears_within = window.short + slack + alert.lingers
        after = _steps(clears_within, step) + SLACK_STEPS if detected else 0
        events = max(FEWEST_EVENTS, max(FEWEST_FAILED, 2 * Fraction(self.budget.minimum_errors)) / threshold)
        traffic = [Segment(onset, events), Segment(burning, events, events * ratio), Segment(after, events)]
        series = input_series(self.events, traffic)
        neighbour: Labels | None = None
        if kind == "outage" and self.events.neighbour:
            series += input_series(
                self.events, [Segment(onset + burning + after, events)], labels=self.events.neighbour
            )
            neighbour = {**FIRING, **self._labels(self.events.neighbour)}
        # A detection time is told in whole seconds, rounded up.
        earliest = window.long * float(threshold / ratio) + window.hold - slack
        fires = None if detected is None else Fires(max(earliest, NO_TIME), detected + slack, clears_within)
        return Case(
            kind,
            window,
            step,
            onset,
            onset + burning,
            onset + burning + after,
            tuple(series),
            {**FIRING, "alertname": alert.alert, **_constant(alert.labels), **self._promised(window)},
            FIRING,
            fires,
            neighbour,
            alert,
            ratio,
            self._measured(window) if kind == "just over" else "",
        )

    def _promised(self, window: BurnWindow) -> Labels:
        """The labels that the alert must have by the specification, whatever the rules say."""
        subject = self.specification.subject
        whom = subject.labels if isinstance(subject, WorkloadTarget) else self._labels(self.events.labels)
        return {**whom, **({names.UNDO_LABEL: names.UNDO_VALUE} if self.specification.may_undo(window) else {})}

    def _labels(self, labels: Labels) -> Labels:
        """The labels of the series that are also the alert's: a workload's under the names that the receiver reads."""
        subject = self.specification.subject
        if not isinstance(subject, PerWorkload):
            return labels
        renamed = {subject.namespace_from: names.NAMESPACE_LABEL, subject.name_from: subject.label}
        return {renamed.get(name, name): value for name, value in labels.items()}

    def _measured(self, window: BurnWindow) -> str:
        """The objective's own queries as an error ratio over the short window, whatever the rules make of them."""

        def over(query: str) -> str:
            return query.replace(names.WINDOW_PLACEHOLDER, format_duration(window.short))

        indicator = self.budget.indicator
        if isinstance(indicator, RatioQuery):
            return f"avg({over(indicator.ratio)})"
        if indicator.good:
            return f"1 - sum({over(indicator.good)}) / sum({over(indicator.total)})"
        return f"sum({over(indicator.errors)}) / sum({over(indicator.total)})"


def _counts_events(budget: ErrorBudget) -> bool:
    indicator = budget.indicator
    return indicator.countable if isinstance(indicator, EventRatio) else bool(indicator.total)


def _constant(labels: Labels) -> Labels:
    """Without templates, whose value only Prometheus knows."""
    return {name: value for name, value in labels.items() if "{{" not in value}


def _steps(duration: timedelta, step: timedelta) -> int:
    return -(-duration // step)
