from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest

from rules.windows import burn_factor, number_text, workbook_windows

DAYS = timedelta(days=1)


@pytest.mark.parametrize(
    ("period", "factors"),
    [
        (30, ["14.4", "6", "3", "1"]),
        (28, ["13.44", "5.6", "2.8", "(14 / 15)"]),
        (7, ["3.36", "1.4", "0.7", "(7 / 30)"]),
    ],
)
def test_factors_are_exact(period: int, factors: list[str]) -> None:
    assert [number_text(window.factor) for window in workbook_windows(period * DAYS)] == factors


def test_burn_factor() -> None:
    assert burn_factor(Fraction(2, 100), 30 * DAYS, timedelta(hours=1)) == Fraction(72, 5)


def test_detection_time() -> None:
    """The workbook: at 99.9 %, a total outage is found by the 1 h window after 0.0144 h (52 s)."""
    fast = workbook_windows(30 * DAYS)[0]
    budget = Fraction(1, 1000)
    assert fast.threshold(budget) == Fraction(144, 10000)
    assert fast.detection_time(budget, Fraction(1)) == timedelta(seconds=52)
    assert fast.detection_time(budget, Fraction(288, 10000)) == timedelta(minutes=30)
    assert fast.detection_time(budget, Fraction(144, 10000)) is None
    assert fast.worst_detection_time == timedelta(hours=1)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(144, 10000), "0.0144"),
        (Fraction(999, 1000), "0.999"),
        (Fraction(6), "6"),
        (Fraction(1000), "1000"),
        (Fraction(15, 2), "7.5"),
        (Fraction(3, 8), "0.375"),
        (Fraction(0), "0"),
        (1 - Fraction("0.9999999999999999999999999999999999999999"), "0." + "0" * 39 + "1"),
        (Fraction(1, 10**7), "0.0000001"),
        (Fraction(1, 3), "(1 / 3)"),
    ],
)
def test_number_text(number: Fraction, text: str) -> None:
    assert number_text(number) == text
