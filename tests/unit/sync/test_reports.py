"""Who is told what, and how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from receiver.cluster.api import Api, ApiError
from receiver.cluster.events import TELL_AGAIN
from sync.objects import OBJECTIVE, RuleObject, read_object
from sync.outcome import LOADED, NOT_TAKEN, Outcome, State, rejection
from sync.reports import WRITE_AGAIN, Reporter, condition
from tests.unit.sync.objects import item, rule_object

GOOD = Outcome(State.YES, LOADED, "fine")
BAD = rejection("Invalid", "broken", "the rules of generation 1")
PENDING = Outcome(State.UNKNOWN, NOT_TAKEN, "Prometheus is down")


class Recording:
    """Keeps what is written, by the API's verbs; answers with what was written, or refuses."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.conditions: list[dict[str, Any]] = []
        self.refuse = 0

    def create(self, _path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.events.append(f"{body['type']} {body['reason']}")
        return body

    def merge_patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        assert path.endswith("/status")
        if self.refuse:
            raise ApiError(self.refuse, "no")
        self.conditions = body["status"]["conditions"]
        return body


@pytest.fixture
def api() -> Recording:
    return Recording()


class Clock:
    now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reporter(api: Recording, clock: Clock) -> Reporter:
    return Reporter(cast(Api, api), clock=clock)


def objective(*conditions: dict[str, Any], generation: int = 1) -> RuleObject:
    return read_object(OBJECTIVE, {**item(generation=generation), "status": {"conditions": list(conditions)}})


def test_an_event_tells_of_a_rejection_once_and_of_its_end(api: Recording, reporter: Reporter) -> None:
    one = rule_object()
    for outcome in (GOOD, BAD, BAD, BAD, GOOD, GOOD):
        reporter.report([(one, outcome)])
    assert api.events == ["Warning Invalid", "Normal Loaded"]


def test_another_rejection_is_told_as_well(api: Recording, reporter: Reporter) -> None:
    one = rule_object()
    reporter.report([(one, BAD)])
    reporter.report([(one, rejection("ForeignNamespace", "not yours", "the rules of generation 1"))])
    assert api.events == ["Warning Invalid", "Warning ForeignNamespace"]


def test_it_is_told_again_before_the_event_is_forgotten(api: Recording, reporter: Reporter, clock: Clock) -> None:
    one = rule_object()
    reporter.report([(one, BAD)])
    clock.now += TELL_AGAIN - timedelta(seconds=1)
    reporter.report([(one, BAD)])
    assert len(api.events) == 1
    clock.now += timedelta(seconds=1)
    reporter.report([(one, BAD)])
    assert len(api.events) == 2


def test_what_is_not_the_objects_fault_is_no_event(api: Recording, reporter: Reporter) -> None:
    reporter.report([(rule_object(), PENDING)])
    reporter.report([(rule_object(), GOOD)])
    assert api.events == []


def test_a_condition_is_written_until_it_is_there(api: Recording, reporter: Reporter) -> None:
    reporter.report([(objective(), GOOD)])
    (written,) = api.conditions
    api.conditions = []
    reporter.report([(objective(written), GOOD)])
    assert api.conditions == []


def test_conditions_of_others_stay(api: Recording, reporter: Reporter) -> None:
    theirs = {"type": "Theirs", "status": "True"}
    reporter.report([(objective(theirs), GOOD)])
    assert [one["type"] for one in api.conditions] == ["Theirs", "Loaded"]


def test_two_processes_that_disagree_do_not_race(api: Recording, reporter: Reporter, clock: Clock) -> None:
    theirs = condition(objective(), BAD, clock.now)
    reporter.report([(objective(), GOOD)])
    api.conditions = []
    reporter.report([(objective(theirs), GOOD)])
    assert api.conditions == [], "not at once"
    clock.now += WRITE_AGAIN
    reporter.report([(objective(theirs), GOOD)])
    assert [one["status"] for one in api.conditions] == ["True"], "but in time"


def test_a_new_generation_is_news(api: Recording, reporter: Reporter, clock: Clock) -> None:
    shown = condition(objective(), GOOD, clock.now)
    reporter.report([(objective(shown), GOOD)])
    again = Outcome(State.YES, LOADED, "fine, too")
    reporter.report([(objective(shown, generation=2), again)])
    assert [one["observedGeneration"] for one in api.conditions] == [2]


@pytest.mark.parametrize("status", [404, 409, 403, 500])
def test_what_can_not_be_told_stops_nothing(api: Recording, reporter: Reporter, status: int) -> None:
    api.refuse = status
    reporter.report([(objective(), GOOD), (rule_object(), BAD)])
    assert api.events == ["Warning Invalid"]
