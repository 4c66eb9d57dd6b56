from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from receiver.decision.evidence import Answer, Bound, Count, Evidence, Sample, Shown
from receiver.decision.values import RestoredBy, WorkloadRef
from receiver.prometheus.pods import COMPARED_OVER, SETTLED, WARM_UP
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


COUNTED = replace(SLI, errors='rate(e{code="5"}[$window])', events="rate(e[ $window ])")


def test_events_are_counted_from_the_rollout_until_now() -> None:
    asked = ask(COUNTED)
    began = asked.began.latest
    window, at = NOW - began, f"@ {NOW.timestamp():.3f}"
    assert window == timedelta(minutes=1, seconds=59)
    assert asked.parts["events"] == f"sum(rate(e[1m59s] {at})) * 119.000"
    assert asked.parts["failed"] == f'(sum(rate(e{{code="5"}}[1m59s] {at})) or 0 * sum(rate(e[1m59s] {at}))) * 119.000'


@pytest.mark.parametrize(
    "sli",
    [
        SLI,
        replace(COUNTED, errors="rate(e[$window] @ end())", events="rate(e[$window]) +"),
        replace(COUNTED, errors="scalar(rate(e[$window]))", events="scalar(rate(e[$window]))"),
    ],
)
def test_what_cannot_be_counted_is_not_asked(sli: Sli) -> None:
    assert list(ask(sli).parts) == ["sli"]


def test_what_is_asked_by_halves_is_no_count() -> None:
    asked = ask(replace(COUNTED, errors="scalar(rate(e[$window]))"))
    assert "failed" not in asked.parts
    assert answered(SAID, asked, {"events": [series((0, 9.0))]}).count is None


def test_nothing_is_counted_right_after_the_rollout_began() -> None:
    assert list(ask(COUNTED, now=ROLLOUT + timedelta(seconds=1.5)).parts) == ["sli"]


LATE = ROLLOUT + timedelta(seconds=1) + WARM_UP + COMPARED_OVER + SETTLED
BY_POD = {"pod_failed", "pod_events"}


def test_pods_are_compared_at_one_moment_whenever_that_is_asked() -> None:
    assert not BY_POD & set(ask(COUNTED, now=LATE - timedelta(seconds=1)).parts)
    for now in (LATE, LATE + 10 * MINUTE):
        asked = ask(COUNTED, now=now)
        at = f"@ {(LATE - SETTLED).timestamp():.3f}"
        last = f"and on () (vector(time()) > {(asked.end - asked.step / 2).timestamp():.3f})"
        assert asked.parts["pod_events"] == f"sum by (pod) (rate(e[1m] {at})) * 60 {last}"
        assert asked.parts["pod_failed"] == f'sum by (pod) (rate(e{{code="5"}}[1m] {at})) * 60 {last}'


def test_only_pods_of_deployments_tell_their_release() -> None:
    assert not BY_POD & set(ask(COUNTED, now=LATE, ref=WorkloadRef("StatefulSet", "prod", "shop")).parts)
    assert not BY_POD & set(ask(SLI, now=LATE).parts)


def test_pods_are_told_apart_by_their_replica_set() -> None:
    events = {"shop-1-a": 100.0, "shop-1-b": 100.0, "shop-2-a": 100.0, "shop-2-b": 100.0, "shop-9-a": 100.0, "x": 9.0}
    failed = {"shop-1-a": 30.0, "shop-1-b": 31.0, "shop-2-a": 32.0, "shop-9-a": 99.0, "shop-1-gone": 99.0}
    answer = {
        "pod_events": [series((0, value), pod=pod) for pod, value in events.items()],
        "pod_failed": [series((0, value), pod=pod) for pod, value in failed.items()],
    }
    found = answered(SAID, ask(COUNTED), answer).side_by_side
    assert found is not None
    assert (found.old_pods, found.new_pods, found.at) == (2, 2, LATE - SETTLED)
    assert [found.old, found.new] == pytest.approx([0.305, 0.16])
    del answer["pod_events"][0]
    assert answered(SAID, ask(COUNTED), answer).side_by_side is None


def test_the_count_is_that_of_the_answer() -> None:
    answer = {"failed": [series((0, 4.6), (9, 4.6))], "events": [series((0, 9.4), (9, 9.4))]}
    found = answered(SAID, ask(COUNTED), answer)
    assert found.count == Count(5, 9, ask().began.latest)
    assert found.before.answer is Answer.UNKNOWN


@pytest.mark.parametrize("failed", [[], [("nan",)], [(1.0,), (2.0,)], [()]])
def test_no_number_is_no_count(failed: list[tuple[float, ...]]) -> None:
    answer = {"failed": [series(*((0, float(v)) for v in one)) for one in failed], "events": [series((0, 9.0))]}
    assert answered(SAID, ask(COUNTED), answer).count is None


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
