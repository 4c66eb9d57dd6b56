"""One scenario for one example: when page and ticket of both sides fire, and what lies behind each difference."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from bench.rules.definition import Definition, Pair
from bench.rules.evaluation import Question, Sample, evaluate, runs
from bench.rules.scenarios import Scenario
from bench.rules.specifications import SIDE_LABEL, Example
from rules.names import BUDGET_REMAINING_RECORD, ERROR_RATIO_RECORD, SLO_LABEL

SEVERITIES = ("page", "ticket")
SLOTH_RECORD = "slo:sli_error:ratio_rate"
FIRING = f'group by ({SIDE_LABEL}, sloth_id, sloth_severity) (ALERTS{{alertstate="firing",{SIDE_LABEL}!=""}})'
RATIOS = f'{{__name__=~"({SLOTH_RECORD}|{ERROR_RATIO_RECORD})[0-9]+[mhd]"}}'
SIDES = {"sloth": SLOTH_RECORD, "metricops": ERROR_RATIO_RECORD}
BUDGET_RECORDS = {"sloth": "slo:period_error_budget_remaining:ratio", "metricops": BUDGET_REMAINING_RECORD}
BUDGETS_LEFT = f'{{__name__=~"{"|".join(BUDGET_RECORDS.values())}"}}'


@dataclass(frozen=True, slots=True)
class Difference:
    """From `first` to `last` (in minutes) only one side fired, at so many `evaluations`.

    `right` is the side that agrees with the definition at the first of them.
    """

    example: str
    objective: str
    scenario: str
    severity: str
    first: int
    last: int
    evaluations: int
    firing: str
    cause: str
    right: str


@dataclass(frozen=True, slots=True)
class Fired:
    """At how many of the evaluations an alert fired, by side and by definition, and at how many unlike it."""

    objective: str
    severity: str
    evaluations: int
    sloth: int
    metricops: int
    defined: int
    sloth_unlike_defined: int
    metricops_unlike_defined: int


@dataclass(frozen=True, slots=True)
class BudgetLeft:
    """The share of the error budget that is left at the end, as each side shows it, and by the events themselves.

    None where a side has no value, NaN where that is its value.
    """

    objective: str
    sloth: float | None
    metricops: float | None
    events: float


@dataclass(slots=True)
class Outcome:
    """What one scenario showed for one example."""

    example: str
    scenario: str
    fired: list[Fired] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    budgets: list[BudgetLeft] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Bench:
    """What an example is evaluated with: promtool, a folder, the rule groups of both sides, and all its budgets."""

    promtool: Path
    folder: Path
    groups: Sequence[Mapping[str, Any]]
    example: Example
    budgets: Mapping[str, Fraction]

    def compare(self, scenario: Scenario) -> Outcome:
        """Evaluate all rules over all series of the scenario."""
        outcome = Outcome(self.example.name, scenario.name)
        series: list[dict[str, str]] = []
        judges: dict[str, Definition] = {}
        for load in self.example.loads:
            course = load.source.course(scenario, self.budgets[load.objectives[0]])
            series += course.series
            judges |= dict.fromkeys(load.objectives, Definition(course.counts, scenario.step))
        steps = range(scenario.evaluations)
        found = self._ask(series, scenario, Question(FIRING, steps), Question(BUDGETS_LEFT, steps[-1:]))
        firing = _firing(found)
        apart: list[tuple[str, str, int, int]] = []
        for objective, judge in judges.items():
            for severity in SEVERITIES:
                of_sloth, ours = (firing.get((side, objective, severity), set()) for side in SIDES)
                defined: set[int] = set()
                if self.example.alerts:
                    defined = judge.firing(severity, self.example.pairs, self.budgets[objective])
                counts = (len(steps), len(of_sloth), len(ours), len(defined))
                unlike = (len(of_sloth ^ defined), len(ours ^ defined))
                outcome.fired.append(Fired(objective, severity, *counts, *unlike))
                apart += [(objective, severity, *run) for run in runs(of_sloth ^ ours)]
            left = float(judge.budget_left(self.budgets[objective]))
            by_side = {side: _budget_left(found, side, objective) for side in SIDES}
            outcome.budgets.append(BudgetLeft(objective, by_side["sloth"], by_side["metricops"], left))
        if apart:
            ratios = self._ask(series, scenario, Question(RATIOS, sorted({first for _, _, first, _ in apart})))
            for objective, severity, first, last in apart:
                side = "sloth" if first in firing.get(("sloth", objective, severity), ()) else "metricops"
                judged = Judged(
                    judges[objective],
                    [pair for pair in self.example.pairs if pair.severity == severity],
                    self.budgets[objective],
                    first,
                    _recorded(ratios, objective, first),
                )
                cause, right = judged.cause(), judged.right(side)
                where = (self.example.name, objective, scenario.name, severity)
                times = (first * scenario.step, last * scenario.step, last - first + 1)
                outcome.differences.append(Difference(*where, *times, side, cause, right))
        return outcome

    def _ask(self, series: Sequence[Mapping[str, str]], scenario: Scenario, *questions: Question) -> list[Sample]:
        return evaluate(self.promtool, self.folder, self.groups, series, step=scenario.step, questions=questions)


@dataclass(frozen=True, slots=True)
class Judged:
    """A step at which one side fires and the other does not, and what both have recorded (by window in minutes)."""

    judge: Definition
    pairs: Sequence[Pair]
    budget: Fraction
    step: int
    recorded: Mapping[str, Mapping[int, float]]

    def right(self, firing: str) -> str:
        """The side that the definition agrees with, given the one that fires."""
        if any(self.judge.burns(self.step, pair, self.budget) for pair in self.pairs):
            return firing
        return next(side for side in SIDES if side != firing)

    def cause(self) -> str:
        """In words what differs."""
        causes = [
            self._apart(minutes) for minutes in sorted({w for pair in self.pairs for w in (pair.long, pair.short)})
        ]
        found = "; ".join(cause for cause in causes if cause)
        return (
            found or "; ".join(filter(None, map(self._on_threshold, self.pairs))) or "equal ratios, unlike conditions"
        )

    def _apart(self, minutes: int) -> str:
        values = {side: self.recorded[side].get(minutes) for side in SIDES}
        if _same(values["sloth"], values["metricops"]):
            return ""
        truth = self.judge.ratio(self.step, minutes)
        words = ", ".join(f"{side} {_shown(value)}" for side, value in values.items())
        return f"ratio over {minutes} min: {words}, events themselves {_shown(truth)}"

    def _on_threshold(self, pair: Pair) -> str:
        threshold = pair.factor * self.budget
        for minutes in (pair.long, pair.short):
            if self.judge.ratio(self.step, minutes) == threshold:
                return f"ratio over {minutes} min is the threshold, {_shown(threshold)}, not above it: rounding decides"
        return ""


def _firing(samples: Sequence[Sample]) -> dict[tuple[str, str, str], set[int]]:
    """The steps by side, objective and severity."""
    found: dict[tuple[str, str, str], set[int]] = {}
    for one in samples:
        if SIDE_LABEL in one.labels:
            key = (one.labels[SIDE_LABEL], one.labels["sloth_id"], one.labels["sloth_severity"])
            found.setdefault(key, set()).add(one.step)
    return found


def _budget_left(samples: Sequence[Sample], side: str, objective: str) -> float | None:
    for one in samples:
        if one.labels.get("__name__") == BUDGET_RECORDS[side] and objective in _identities(one):
            return one.value
    return None


def _recorded(samples: Sequence[Sample], objective: str, step: int) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {side: {} for side in SIDES}
    for one in samples:
        for side, record in SIDES.items():
            name = one.labels["__name__"]
            if one.step == step and objective in _identities(one) and name.startswith(record):
                found[side][_minutes(name.removeprefix(record))] = one.value
    return found


def _identities(sample: Sample) -> tuple[str | None, ...]:
    return sample.labels.get("sloth_id"), sample.labels.get(SLO_LABEL)


def _minutes(window: str) -> int:
    return int(window[:-1]) * {"m": 1, "h": 60, "d": 1440}[window[-1]]


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)


def _shown(value: float | Fraction | None) -> str:
    return "none" if value is None else f"{float(value):.6g}"
