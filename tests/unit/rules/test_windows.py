from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest

from rules.windows import burn_factor, can_fire, decimal_text, detection_time, workbook_windows

DAYS = timedelta(days=1)


@pytest.mark.parametrize(
    ("period", "factors"),
    [
        (30, ["14.4", "6", "3", "1"]),
        (28, ["13.44", "5.6", "2.8", repr(28 / 30)]),
        (7, ["3.36", "1.4", "0.7", repr(7 / 30)]),
    ],
)
def test_factors_are_exact(period: int, factors: list[str]) -> None:
    assert [decimal_text(window.factor) for window in workbook_windows(period * DAYS)] == factors


def test_burn_factor() -> None:
    assert burn_factor(Fraction(2, 100), 30 * DAYS, timedelta(hours=1)) == Fraction(72, 5)


def test_can_fire() -> None:
    fast = workbook_windows(30 * DAYS)[0]
    assert can_fire(fast, Fraction(69, 1000))
    assert not can_fire(fast, Fraction(10, 144))
    assert not can_fire(fast, Fraction(1, 10))


def test_detection_time() -> None:
    """The workbook: at 99.9 %, a complete outage is found by the 1 h window after 0.0144 h."""
    fast = workbook_windows(30 * DAYS)[0]
    assert detection_time(fast, Fraction(1, 1000)) == timedelta(hours=1) * 0.0144
    assert detection_time(fast, Fraction(1, 1000), Fraction(144, 10000)) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(144, 10000), "0.0144"),
        (Fraction(999, 1000), "0.999"),
        (Fraction(6), "6"),
        (Fraction(1000), "1000"),
        (Fraction(1, 10**7), "0.0000001"),
        (Fraction(1, 3), repr(1 / 3)),
    ],
)
def test_decimal_text(number: Fraction, text: str) -> None:
    assert decimal_text(number) == text
