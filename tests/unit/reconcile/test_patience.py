"""What was refused is left alone for a while, longer each time; what was told is not told again at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from receiver.cluster.api import ApiError
from receiver.cluster.events import TELL_AGAIN
from reconcile.patience import FIRST_PAUSE, LONGEST_PAUSE, Patience
from reconcile.telling import INVALID, WRITTEN, Teller
from reconcile.workload import Workload


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_each_pause_is_twice_the_one_before(clock: Clock) -> None:
    patience, expected = Patience(clock), FIRST_PAUSE
    for _ in range(12):
        assert patience.may_try("a", "rule")
        patience.refused("a", "rule")
        clock.now += expected - timedelta(milliseconds=1)
        assert not patience.may_try("a", "rule")
        clock.now += timedelta(milliseconds=1)
        expected = min(2 * expected, LONGEST_PAUSE)
    assert expected == LONGEST_PAUSE


def test_something_else_is_tried_at_once(clock: Clock) -> None:
    patience = Patience(clock)
    patience.refused("a", "rule")
    assert patience.may_try("a", "another rule")
    assert patience.may_try("b", "rule")
    patience.accepted("a")
    assert patience.may_try("a", "rule")
    patience.refused("a", "rule")
    patience.forget_others({"b"})
    assert patience.may_try("a", "rule")


class Told:
    """An API server that takes Events."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def create(self, _path: str, body: Any) -> None:
        self.events.append(body)
        if len(self.events) == 1:
            raise ApiError(500, "no")  # Telling never fails.


def test_news_is_told_once_and_again_before_it_is_gone(clock: Clock) -> None:
    api = Told()
    teller, web = Teller(api, clock), Workload("Deployment", "shop", "web", "1")  # type: ignore[arg-type]
    for reason, message in ((WRITTEN, "a"), (WRITTEN, "a"), (INVALID, "b"), (INVALID, "b"), (WRITTEN, "a" * 2000)):
        teller.tell(web, reason, message)
    assert [event["type"] for event in api.events] == ["Normal", "Warning", "Normal"]
    assert len(api.events[-1]["note"]) == 1024
    teller.tell(web, INVALID, "b")
    clock.now += TELL_AGAIN
    teller.tell(web, INVALID, "b")
    teller.forget_others(())
    teller.tell(web, INVALID, "b")
    assert len(api.events) == 6
