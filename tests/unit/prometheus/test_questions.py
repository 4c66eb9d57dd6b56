from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from receiver.decision.evidence import Answer, Bound, Evidence, Sample, Shown
from receiver.decision.values import RestoredBy
from receiver.prometheus.promql import Series
from receiver.prometheus.questions import LEAST_STEP, MOST_POINTS, Questions, answered, questions
from receiver.prometheus.sli import Sli
from tests.unit.scenario import NOW, ROLLOUT, V1, workload

MINUTE = timedelta(minutes=1)
SLI = Sli("e[$window]", 5 * MINUTE, Bound(0.1), has_any_window=True)
SAID = Evidence(Shown.FIRING)


def ask(sli: Sli = SLI, now: datetime = NOW, **changes: object) -> Questions:
    shop = workload(**changes)
    assert shop.rollout_began is not None
    return questions(sli, shop, shop.rollout_began, now)


@pytest.mark.parametrize("now", [NOW, NOW + timedelta(hours=3, microseconds=1234), ROLLOUT])
def test_the_last_point_is_now_and_the_first_before_the_rollout(now: datetime) -> None:
    asked = ask(now=now)
    assert now - asked.end < timedelta(milliseconds=1)
    assert asked.start <= ROLLOUT - 10 * MINUTE
    points = (asked.end - asked.start) / asked.step
    assert points == int(points)
    assert points <= MOST_POINTS
    assert asked.step >= LEAST_STEP
    assert asked.step % timedelta(milliseconds=1) == timedelta(0)


def test_no_window_reaches_into_the_release_before_the_last() -> None:
    assert ask().window == 5 * MINUTE
    undone = RestoredBy("shop-2", V1.template_hash, ROLLOUT - MINUTE)
    assert ask(restored_by=undone).window == MINUTE
    assert ask(restored_by=undone).parts["sli"] == "e[1m]"
    assert ask(restored_by=replace(undone, restored_at=ROLLOUT - LEAST_STEP / 9)).window == LEAST_STEP


def test_a_window_that_stands_in_the_expression_stays() -> None:
    undone = RestoredBy("shop-2", V1.template_hash, ROLLOUT - MINUTE)
    asked = ask(replace(SLI, expression="e[5m]", has_any_window=False), restored_by=undone)
    assert (asked.window, asked.parts["sli"]) == (5 * MINUTE, "e[5m]")


def series(*values: tuple[int, float], **labels: str) -> Series:
    return Series(labels, tuple(Sample(ROLLOUT + timedelta(seconds=at), value) for at, value in values))


def test_what_the_answer_says() -> None:
    found = answered(SAID, ask(), {"sli": [series((-5, 0.0), (20, 0.4), (60, 0.5))]})
    assert (found.before.answer, found.since.answer, found.no_sli) == (Answer.GOOD, Answer.BAD, "")
    assert found.onset == ROLLOUT + timedelta(seconds=20)
    assert (found.shown, found.query, found.bound) == (Shown.FIRING, "e[5m]", Bound(0.1))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "did not answer"),
        ({}, "0 series"),
        ({"sli": []}, "0 series"),
        ({"sli": [series(), series()]}, "2 series"),
    ],
)
def test_no_answer_is_unknown_and_why_is_told(answer: dict[str, list[Series]] | None, why: str) -> None:
    found = answered(SAID, ask(), answer)
    assert (found.before.answer, found.since.answer, found.onset) == (Answer.UNKNOWN, Answer.UNKNOWN, None)
    assert why in found.no_sli
    assert found.query == "e[5m]"


def test_only_the_series_of_this_alert_count() -> None:
    sli = Sli("e", MINUTE, Bound(0.0), labels={"zone": "a"})
    found = answered(SAID, ask(sli), {"sli": [series((-5, 9.0), zone="b"), series((-5, 0.0), zone="a")]})
    assert found.before.answer is Answer.GOOD
