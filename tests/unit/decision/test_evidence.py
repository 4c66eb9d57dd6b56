from __future__ import annotations

from datetime import timedelta

import pytest

from receiver.decision.evidence import Answer, Bound, Observation, Sample, before_rollout, onset, since_rollout
from rules.comparison import Comparison
from tests.unit.scenario import NOW, ROLLOUT

WINDOW = timedelta(seconds=30)
LIMIT = 0.1


def samples(*values: tuple[int, float]) -> list[Sample]:
    """Samples at seconds from the rollout's beginning."""
    return [Sample(ROLLOUT + timedelta(seconds=at), value) for at, value in values]


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        (samples((-10, 0.0), (0, 0.0), (20, 0.5)), Answer.GOOD),
        (samples((-10, 0.0), (0, 0.5)), Answer.BAD),
        (samples((-1, LIMIT)), Answer.GOOD),
        (samples((-1, LIMIT + 1e-9)), Answer.BAD),
        (samples((-60, 0.5)), Answer.BAD),
        (samples((-61, 0.5)), Answer.UNKNOWN),
        (samples((1, 0.5)), Answer.UNKNOWN),
        (samples((-5, 0.5), (-1, float("nan"))), Answer.BAD),
        (samples((-1, float("inf"))), Answer.UNKNOWN),
        ([], Answer.UNKNOWN),
    ],
)
def test_before(given: list[Sample], answer: Answer) -> None:
    assert before_rollout(given, ROLLOUT, WINDOW, Bound(LIMIT)).answer is answer


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        (samples((-1, 0.0), (1, 0.5)), Answer.BAD),
        (samples((1, 0.5), (9, 0.0)), Answer.GOOD),
        (samples((1, 0.5), (9, float("nan"))), Answer.BAD),
        (samples((0, 0.5)), Answer.UNKNOWN),
        ([], Answer.UNKNOWN),
    ],
)
def test_since(given: list[Sample], answer: Answer) -> None:
    assert since_rollout(given, ROLLOUT, Bound(LIMIT)).answer is answer


def test_the_number_is_kept() -> None:
    (sample,) = samples((5, 0.25))
    assert since_rollout([sample], ROLLOUT, Bound(LIMIT)) == Observation(Answer.BAD, 0.25, sample.at)
    assert NOW > ROLLOUT


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (samples((-10, 0.0), (10, 0.5), (20, 0.5)), 10),
        (samples((20, 0.5), (-10, 0.0), (10, 0.5)), 10),
        (samples((-10, 0.0), (10, float("nan")), (20, 0.5)), 20),
        # It had mended itself: what goes on now began later.
        (samples((-10, 0.0), (10, 0.5), (20, 0.0), (30, 0.5)), 30),
        (samples((-20, 0.5), (-10, 0.0), (10, 0.5)), 10),
        (samples((-10, 0.0), (10, 0.5), (20, 0.0)), None),
        (samples((-10, 0.5), (10, 0.5)), None),
        (samples((-10, 0.0)), None),
        ([], None),
    ],
)
def test_onset(given: list[Sample], seconds: int | None) -> None:
    expected = None if seconds is None else ROLLOUT + timedelta(seconds=seconds)
    assert onset(given, Bound(LIMIT)) == expected


def test_low_values_are_bad_below_a_lower_bound() -> None:
    bound = Bound(0.5, Comparison.BELOW)
    assert before_rollout(samples((0, 0.4)), ROLLOUT, WINDOW, bound).answer is Answer.BAD
    assert before_rollout(samples((0, 0.5)), ROLLOUT, WINDOW, bound).answer is Answer.GOOD
    assert onset(samples((0, 0.9), (10, 0.2)), bound) == ROLLOUT + timedelta(seconds=10)
    assert str(bound) == "< 0.5"
