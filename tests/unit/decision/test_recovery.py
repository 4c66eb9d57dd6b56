from __future__ import annotations

import pytest

from receiver.decision.evidence import Answer, Bound, Observation, Sample
from receiver.decision.recovery import sli_now
from tests.unit.scenario import NOW

BOUND = Bound(0.1)


@pytest.mark.parametrize(
    ("value", "answer"),
    [(0.1, Answer.GOOD), (0.1001, Answer.BAD)],
)
def test_a_value_is_judged_and_kept(value: float, answer: Answer) -> None:
    assert sli_now(Sample(NOW, value), BOUND) == Observation(answer, value, NOW)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_unknown(value: float) -> None:
    assert sli_now(Sample(NOW, value), BOUND) == Observation()


def test_no_sample_is_unknown() -> None:
    assert sli_now(None, BOUND) == Observation()
