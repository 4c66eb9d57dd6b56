from __future__ import annotations

import random

import pytest

from receiver.decision.alike import PodEvents, are_alike, mean_ratio, student_t95
from tests.simulation.pods import Scene, times_alike

ROUNDS = 1000
HARDEST = [
    # Where `make simulate` finds the test to err most.
    Scene(2, 2, events=1000, ratio=0.1, correlation=0.02, uneven=1.0),
    Scene(3, 2, events=1000, ratio=0.1, correlation=0.02, uneven=0.0),
    Scene(2, 5, events=1000, ratio=0.1, correlation=0.02, uneven=0.0),
]


def seeded() -> random.Random:
    return random.Random(7)  # noqa: S311 - what is random here must be repeatable


def pods(*failed: float, events: float = 100) -> list[PodEvents]:
    return [PodEvents(number, events) for number in failed]


def test_pods_that_fail_alike_and_pods_that_do_not() -> None:
    old = pods(30, 32, 28)
    assert are_alike(old, pods(31, 29, 33)) is True
    assert are_alike(old, pods(0, 0, 0)) is True
    assert are_alike(old, pods(60, 64, 56)) is False
    # As many failures, all by one of the pods: pods differ too much to say.
    assert are_alike(old, pods(90, 1, 2)) is False


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (pods(30), pods(30, 30, 30)),
        (pods(30, 30, 30), pods(30)),
        (pods(2, 2), pods(2, 2)),
        (pods(6, 6, events=19), pods(30, 30)),
        (pods(30, 30), pods(6, 6, events=19)),
        ([*pods(30), PodEvents(0, 0)], pods(30, 30)),
        ([], []),
    ],
)
def test_too_little_says_nothing(old: list[PodEvents], new: list[PodEvents]) -> None:
    assert are_alike(old, new) is None


def test_what_cannot_be_twice_as_bad_can_still_be_much_worse() -> None:
    old = pods(60, 61, 59)
    assert are_alike(old, pods(61, 60, 62)) is True
    assert are_alike(old, pods(99, 98, 97)) is False
    assert are_alike(pods(100, 100), pods(100, 100)) is not None


def test_a_rate_may_give_more_failures_than_events() -> None:
    assert mean_ratio(pods(101, -1)) == 0.5


def test_no_failure_of_few_is_no_certainty() -> None:
    # Twice as bad is one of five: none of twenty, by two pods, can be chance.
    assert are_alike(pods(10, 10), pods(0, 0, events=20)) is False
    assert are_alike(pods(10, 10), pods(0, 0, events=1000)) is True


def test_quantiles_beyond_the_table_go_on_where_it_ends() -> None:
    values = [student_t95(degrees) for degrees in (1, 2, 15, 16, 17, 30, 1000)]
    assert values == sorted(values, reverse=True)
    assert values[-2] == pytest.approx(1.697, abs=0.003)
    assert values[-1] == pytest.approx(1.646, abs=0.001)


@pytest.mark.parametrize("scene", HARDEST)
def test_twice_as_bad_is_called_alike_in_less_than_five_of_a_hundred(scene: Scene) -> None:
    assert times_alike(seeded(), scene, times_as_bad=2.0, rounds=ROUNDS) < 0.05 * ROUNDS


def test_equally_bad_is_often_found_where_there_are_pods_enough() -> None:
    scene = Scene(5, 5, events=100, ratio=0.4, correlation=0.02, uneven=0.5)
    assert times_alike(seeded(), scene, times_as_bad=1.0, rounds=200) > 150
