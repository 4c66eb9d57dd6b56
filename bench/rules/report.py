"""What was compared, as text: a row per example and course of events, then a row per difference."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.rules.comparison import BudgetLeft, Outcome

LEAST_APART = 0.01
"""Budgets are shown where a side is this far from the events: a hundredth of the budget, or of what was spent."""


def report(outcomes: Sequence[Outcome]) -> str:
    """The whole text."""
    head = ("specification", "objective", "series", "alert", "of", "sloth", "metricops", "defined", "apart")
    rows = [
        (
            outcome.example,
            fired.objective,
            outcome.scenario,
            fired.severity,
            *map(str, (fired.evaluations, fired.sloth, fired.metricops, fired.defined)),
            str(_apart(outcome, fired.objective, fired.severity)),
        )
        for outcome in outcomes
        for fired in outcome.fired
    ]
    compared = sum(fired.evaluations for outcome in outcomes for fired in outcome.fired)
    differences = [difference for outcome in outcomes for difference in outcome.differences]
    apart = sum(int(row[-1]) for row in rows)
    parts = [
        "Evaluations at which an alert fires (of all; sloth's, ours, by the workbook's definition), and at which the "
        "two sides differ:",
        _table([head, *rows]),
        f"{compared:,} evaluations of an alert compared, at {apart} of them only one side fires.",
    ]
    if differences:
        rows_of = [
            (
                one.example,
                one.objective,
                one.scenario,
                one.severity,
                f"{one.first} to {one.last} min",
                one.firing,
                one.right,
                one.cause,
            )
            for one in differences
        ]
        named = ("specification", "objective", "series", "alert", "when", "fires in", "right", "cause")
        parts += ["Each difference, and which side is right by the definition:", _table([named, *rows_of])]
    budgets = [(outcome, left) for outcome in outcomes for left in outcome.budgets if _is_off(left)]
    if budgets:
        named_budgets = ("specification", "objective", "series", "sloth", "metricops", "events")
        parts += [
            "Share of the error budget left at the end, where a side shows another one than the events have:",
            _table(
                [
                    named_budgets,
                    *(
                        (outcome.example, left.objective, outcome.scenario, *map(_share, _values(left)))
                        for outcome, left in budgets
                    ),
                ]
            ),
        ]
    return "\n\n".join(parts)


def _apart(outcome: Outcome, objective: str, severity: str) -> int:
    return sum(one.evaluations for one in outcome.differences if (one.objective, one.severity) == (objective, severity))


def _is_off(left: BudgetLeft) -> bool:
    return any(
        value is None or math.isnan(value) or abs(value - left.events) > LEAST_APART * max(1.0, abs(left.events))
        for value in (left.sloth, left.metricops)
    )


def _values(left: BudgetLeft) -> tuple[float | None, float | None, float]:
    return left.sloth, left.metricops, left.events


def _share(value: float | None) -> str:
    return "none" if value is None else f"{100 * value:.1f} %"


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
