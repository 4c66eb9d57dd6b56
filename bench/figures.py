"""What was measured, the goals beside it, and how both are shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound for a figure: at least, or at most."""

    bound: float
    at_least: bool = False

    def is_met(self, value: float) -> bool:
        """Whether a value keeps the bound."""
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `note` says in words what the value is made of."""

    part: str
    what: str
    value: float
    unit: str = ""
    goal: Goal | None = None
    note: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """`met`, `not met`, or nothing where there is no goal."""
        if self.goal is None:
            return ""
        return "met" if self.goal.is_met(self.value) else "not met"

    def as_json(self) -> dict[str, Any]:
        """The figure for the JSON file."""
        goal = None if self.goal is None else {"bound": self.goal.bound, "atLeast": self.goal.at_least}
        return {
            "part": self.part,
            "what": self.what,
            "value": self.value,
            "unit": self.unit,
            "goal": goal,
            "verdict": self.verdict,
            "note": self.note,
            **({"details": self.details} if self.details else {}),
        }


def median(values: Sequence[float]) -> float:
    """The middle one, or the mean of the two in the middle."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile(values: Sequence[float], share: float) -> float:
    """By nearest rank: the smallest value that is at least as great as this share of all of them."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def spread(values: Sequence[float]) -> str:
    """`median (least to greatest)`."""
    return f"{shown(median(values))} ({shown(min(values))} to {shown(max(values))})"


def shown(value: float) -> str:
    """A number in three digits or so."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def table(figures: Sequence[Figure]) -> str:
    """The figures as text, a line each: what, measured, goal, verdict."""
    rows = [("", "measured", "goal", "")]
    for figure in figures:
        goal = ""
        if figure.goal is not None:
            goal = f"{'≥' if figure.goal.at_least else '≤'} {shown(figure.goal.bound)} {figure.unit}".rstrip()
        value = f"{shown(figure.value)} {figure.unit}".rstrip()
        rows.append((f"({figure.part}) {figure.what}", value, goal, figure.verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:<{widths[2]}}  {row[3]}".rstrip() for row in rows
    )
