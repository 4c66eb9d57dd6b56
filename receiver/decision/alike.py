"""Whether the pods of two releases that run side by side fail alike.

Requests that one pod serves are no independent trials: pods differ. So a pod is one observation, its error ratio; a
side is the mean of its pods. "Alike" is the rejection of "the new side is at least twice as bad", one-sided at 5 %:

    T = (new - limit(old)) / sqrt(slope² Var(old) + Var(new)),  alike where T < -1.1 t(0.95, pods - 2)

The variance of a mean over k pods is V r (1 - r) / k. V is pooled from both sides, since a few pods tell little, and at
least what binomial counts would have: the mean of 1/events. The new side's r is that of the hypothesis, not what was
seen, which is too small just where the test errs. What Student's quantile gets wrong for so few, skewed observations
the factor 1.1 covers: by simulation (tests/simulation), the false rate stays under 5 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

TIMES_AS_BAD = 2.0
LEAST_PODS = 2
LEAST_FAILED = 5
"""Failed events on the old side."""
LEAST_EVENTS_PER_POD = 20
"""On either side, in the mean."""
CRITICAL_FACTOR = 1.1
# Student's t, one-sided 5 %, for 1, 2, … degrees of freedom.
_T95 = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753, 1.746)
_Z95 = 1.645


@dataclass(frozen=True, slots=True)
class PodEvents:
    """The events of one pod in the compared time, and how many failed; fractions, as rates give them."""

    failed: float
    events: float

    @property
    def ratio(self) -> float:
        """Failed of all, between 0 and 1."""
        return min(1.0, max(0.0, self.failed / self.events))


def are_alike(old: Sequence[PodEvents], new: Sequence[PodEvents]) -> bool | None:
    """Whether the new pods are certainly less than twice as bad as the old ones; None where there is too little to say.

    False means no more than that the difference may be that large.
    """
    sides = [[pod for pod in side if pod.events > 0] for side in (old, new)]
    for side in sides:
        if len(side) < LEAST_PODS or sum(pod.events for pod in side) < LEAST_EVENTS_PER_POD * len(side):
            return None
    old, new = sides
    if sum(pod.failed for pod in old) < LEAST_FAILED:
        return None
    return distance(old, new) < -CRITICAL_FACTOR * student_t95(len(old) + len(new) - 2)


def distance(old: Sequence[PodEvents], new: Sequence[PodEvents]) -> float:
    """T: how far the new side is from the limit, in standard errors; negative below it. Some old pod has failed."""
    before, since = mean_ratio(old), mean_ratio(new)
    most, slope = limit(before)
    pooled = pooled_variance(old, new)
    under_null = min(0.5, max(since, most))
    variance = slope**2 * variance_of_mean(old, before, pooled) + variance_of_mean(new, under_null, pooled)
    return (since - most) / math.sqrt(variance)


def mean_ratio(pods: Sequence[PodEvents]) -> float:
    """The mean of the pods' error ratios, each pod with the same weight."""
    return sum(pod.ratio for pod in pods) / len(pods)


def student_t95(degrees: int) -> float:
    """Student's t at 95 %; beyond the table by the first term of its expansion (Abramowitz and Stegun 26.7.5)."""
    return _T95[degrees - 1] if degrees <= len(_T95) else _Z95 + (_Z95**3 + _Z95) / (4 * degrees)


def limit(ratio: float) -> tuple[float, float]:
    """The ratio that is too much worse, and its slope: twice, or where that nears or passes 1, half way to 1."""
    twice, half_way = TIMES_AS_BAD * ratio, (1 + ratio) / 2
    return (twice, TIMES_AS_BAD) if twice <= half_way else (half_way, 0.5)


def pooled_variance(*sides: Sequence[PodEvents]) -> float:
    """The pods' variance around their side's mean, in units of r (1 - r)."""
    total = 0.0
    for side in sides:
        mean = mean_ratio(side)
        if 0 < mean < 1:
            total += sum((pod.ratio - mean) ** 2 for pod in side) / (mean * (1 - mean))
    return total / (sum(map(len, sides)) - 2)


def variance_of_mean(side: Sequence[PodEvents], ratio: float, pooled: float) -> float:
    """The variance of a side's mean where its ratio is that one, by the pods or by counting, whichever is more."""
    binomial = sum(1 / pod.events for pod in side) / len(side)
    return max(pooled, binomial) * ratio * (1 - ratio) / len(side)
