"""The numbers behind "alike", reckoned by hand from the formulas that the module gives."""

from __future__ import annotations

import math

import pytest

from receiver.decision.alike import (
    PodEvents,
    are_alike,
    distance,
    limit,
    pooled_variance,
    student_t95,
    variance_of_mean,
)
from tests.unit.decision.test_alike import pods


def test_the_limit_is_twice_the_ratio_and_never_more_than_half_way_to_one() -> None:
    assert limit(0.2) == (0.4, 2.0)
    assert limit(1 / 3) == (2 / 3, 2.0)
    assert limit(0.5) == (0.75, 0.5)


def test_the_pods_of_both_sides_vary_around_their_own_mean() -> None:
    # Means 0.15 and 0.4, deviations 0.05 and 0.1, of four pods two means are known.
    expected = (2 * 0.05**2 / (0.15 * 0.85) + 2 * 0.1**2 / (0.4 * 0.6)) / 2
    assert pooled_variance(pods(10, 20), pods(30, 50)) == pytest.approx(expected)
    assert pooled_variance(pods(10, 20, 15), pods(30, 50)) == pytest.approx(expected * 2 / 3)
    # A side in which nothing or everything failed has no spread.
    assert pooled_variance(pods(0, 0), pods(100, 100)) == 0
    assert pooled_variance(pods(1, 1), pods(99, 99)) == pytest.approx(0)


def test_a_mean_varies_as_its_pods_do_and_at_least_as_counts_do() -> None:
    side = [PodEvents(1, 50), PodEvents(1, 100)]
    assert variance_of_mean(side, 0.2, 0.5) == pytest.approx(0.5 * 0.2 * 0.8 / 2)
    assert variance_of_mean(side, 0.2, 0) == pytest.approx((1 / 50 + 1 / 100) / 2 * 0.2 * 0.8 / 2)


def test_the_distance_from_the_limit() -> None:
    # 0.2 against 0.1, by counts alone: 0.01 r (1 - r) / 2, for the old side four times that; the new one's r is 0.4.
    expected = (0.1 - 0.4) / math.sqrt(4 * 0.01 * 0.2 * 0.8 / 2 + 0.01 * 0.4 * 0.6 / 2)
    assert distance(pods(20, 20), pods(10, 10)) == pytest.approx(expected)
    # Where the limit is half way to 1, its slope is a half.
    expected = (0.7 - 0.8) / math.sqrt(0.25 * 0.01 * 0.6 * 0.4 / 2 + 0.01 * 0.25 / 2)
    assert distance(pods(60, 60), pods(70, 70)) == pytest.approx(expected)
    # Above the limit the new side varies as it is, at most as a half does.
    expected = (0.45 - 0.4) / math.sqrt(4 * 0.01 * 0.2 * 0.8 / 2 + 0.01 * 0.45 * 0.55 / 2)
    assert distance(pods(20, 20), pods(45, 45)) == pytest.approx(expected)
    expected = (0.8 - 0.4) / math.sqrt(4 * 0.01 * 0.2 * 0.8 / 2 + 0.01 * 0.25 / 2)
    assert distance(pods(20, 20), pods(80, 80)) == pytest.approx(expected)


def test_alike_begins_at_the_quantile_of_the_pods_less_two() -> None:
    old = pods(20, 20)
    critical = -1.1 * student_t95(2)
    assert distance(old, pods(19, 19)) > critical > distance(old, pods(18, 18))
    assert are_alike(old, pods(19, 19)) is False
    assert are_alike(old, pods(18, 18)) is True
    assert are_alike(old, pods(41, 41)) is False


def test_the_quantiles_table_ends_where_the_expansion_begins() -> None:
    assert (student_t95(1), student_t95(2), student_t95(16)) == (6.314, 2.920, 1.746)
    assert student_t95(17) == pytest.approx(1.645 + (1.645**3 + 1.645) / 68)


def test_the_least_that_says_something() -> None:
    assert are_alike(pods(5, 0), pods(0, 0)) is not None
    assert are_alike(pods(4.9, 0), pods(0, 0)) is None
    assert are_alike(pods(6, 6, events=20), pods(6, 6, events=20)) is not None
    # In the mean: one pod may have had few.
    assert are_alike([PodEvents(6, 39), PodEvents(0, 1)], pods(6, 6)) is not None
    assert are_alike([PodEvents(6, 39), PodEvents(0, 0.5)], pods(6, 6)) is None


def test_a_ratio_is_between_nothing_and_everything() -> None:
    assert [PodEvents(failed, 10).ratio for failed in (-1, 0, 4, 10, 11)] == [0, 0, 0.4, 1, 1]
