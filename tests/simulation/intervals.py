"""Confidence intervals of rates."""

from __future__ import annotations

import math

Z95 = 1.96


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a rate (Wilson's score interval, 1927)."""
    rate, weight = successes / trials, Z95**2 / trials
    middle = (rate + weight / 2) / (1 + weight)
    half = Z95 * math.sqrt(rate * (1 - rate) / trials + weight / (4 * trials)) / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)
