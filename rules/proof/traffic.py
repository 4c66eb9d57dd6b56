"""Counters over time, in promtool's notation: what several pods count while traffic is clean, burns, or stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from rules.promql import quoted
from rules.proof.events import Events
from rules.proof.labels import METRIC, Labels

PODS = {"a": Fraction(3, 5), "b": Fraction(2, 5)}
"""Two pods, and the share of the traffic that each one serves."""
STALE = "stale"
"""Instead of more segments: the series end."""


@dataclass(frozen=True, slots=True)
class Segment:
    """So many steps with so many events in each."""

    steps: int
    events: Fraction
    failed: Fraction = Fraction(0)


def input_series(
    events: Events,
    segments: Sequence[Segment],
    *,
    ends: bool = False,
    labels: Labels | None = None,
    no_errors_yet: bool = False,
) -> list[dict[str, str]]:
    """The series of promtool's `input_series`; a sample at time 0, then one per step.

    Series that count nothing are there all the same, but for those of errors where there are `no_errors_yet`. `ends`:
    the series go stale after the last segment. `labels` stand in for those that name the workload.
    """
    counts: dict[tuple[tuple[str, str], ...], list[Fraction]] = {}
    kinds = [(events.good, [segment.events - segment.failed for segment in segments])]
    if not no_errors_yet:
        kinds.append((events.failed, [segment.failed for segment in segments]))
    for mixture, per_step in kinds:
        for own, amount in mixture:
            key = tuple({**own, **(labels or {})}.items())
            before = counts.get(key, [Fraction(0)] * len(segments))
            counts[key] = [old + amount * new for old, new in zip(before, per_step, strict=True)]
    return [
        {
            "series": _series({**dict(key), events.pod: pod}),
            "values": _values([share * count for count in increments], segments) + (f" {STALE}" if ends else ""),
        }
        for key, increments in counts.items()
        for pod, share in PODS.items()
    ]


def _series(labels: Labels) -> str:
    matchers = ",".join(f"{name}={quoted(value)}" for name, value in labels.items() if name != METRIC)
    return f"{labels[METRIC]}{{{matchers}}}"


def _values(increments: Sequence[Fraction], segments: Sequence[Segment]) -> str:
    value, parts = Fraction(0), ["0"]
    for increment, segment in zip(increments, segments, strict=True):
        if segment.steps:
            parts.append(f"{_number(value + increment)}+{_number(increment)}x{segment.steps - 1}")
        value += increment * segment.steps
    return " ".join(parts)


def _number(number: Fraction) -> str:
    return str(number.numerator) if number.denominator == 1 else repr(float(number))
