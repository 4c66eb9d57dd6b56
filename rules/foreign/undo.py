"""Which alerts of a foreign objective are generated, and which of them may undo: said in notes, never silently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from rules.alerting import DEFAULT_ATTRIBUTION_WINDOW
from rules.durations import format_duration
from rules.fields import Field
from rules.foreign.workloads import WORKLOAD_ANNOTATION
from rules.specification import EventRatio, Indicator, RatioQuery, Subject, WorkloadTarget
from rules.windows import BurnWindow, number_text


def able_to_fire(
    windows: Sequence[BurnWindow], budget: Fraction, place: Field
) -> tuple[tuple[BurnWindow, ...], list[str]]:
    """The windows whose alerts can fire, and a note for each other one; a problem where there is none."""
    able = tuple(window for window in windows if window.threshold(budget) < 1)
    notes = [
        f"no {window.severity} alert over {format_duration(window.long)}: {_arithmetic(window, budget)}, and the error "
        "ratio is never above 1"
        for window in windows
        if window not in able
    ]
    if windows and not able:
        least = min(windows, key=lambda window: window.factor)
        place.refuse("an objective at which an alert can fire", _arithmetic(least, budget))
    return able, notes


def allowed_to_undo(
    windows: Sequence[BurnWindow], indicator: Indicator, subject: Subject
) -> tuple[tuple[BurnWindow, ...], list[str]]:
    """The windows with `undo` only where a rollout may be undone; notes say why not."""
    reasons = _reasons(windows, indicator, subject)
    if not reasons:
        return tuple(windows), []
    return tuple(replace(window, undo=False) for window in windows), reasons


def _reasons(windows: Sequence[BurnWindow], indicator: Indicator, subject: Subject) -> list[str]:
    if not isinstance(subject, WorkloadTarget):
        return [
            f"no workload is named ({WORKLOAD_ANNOTATION}, --workload or --workloads): people are alerted, "
            "nothing is undone"
        ]
    if isinstance(indicator, RatioQuery) and not indicator.total:
        return ["nothing is undone: a ratio does not tell how many events failed; two queries would"]
    if isinstance(indicator, EventRatio) and not indicator.countable:
        return ["nothing is undone: failed events are counted only as rate or increase over the window"]
    undoing = [window for window in windows if window.undo]
    if not undoing:
        return ["nothing is undone: there is no fast page"]
    return [
        f"nothing is undone: the {window.severity} over {format_duration(window.long)} can take as long to fire, "
        f"and no release is blamed after {format_duration(DEFAULT_ATTRIBUTION_WINDOW)}"
        for window in undoing
        if window.worst_detection_time > DEFAULT_ATTRIBUTION_WINDOW
    ]


def _arithmetic(window: BurnWindow, budget: Fraction) -> str:
    product = window.threshold(budget)
    return (
        f"factor · (1 − objective) = {number_text(window.factor)} · {number_text(budget)} = {number_text(product)} ≥ 1"
    )
