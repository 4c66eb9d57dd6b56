from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sync.objects import OBJECTIVE, read_object
from sync.outcome import LOADED, Outcome, State, rejection
from sync.reports import condition
from tests.unit.sync.objects import item

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOOD = Outcome(State.YES, LOADED, "fine")
EARLIER = {"type": "Loaded", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}


def shown(*conditions: Any) -> Any:
    return read_object(OBJECTIVE, {**item(generation=4), "status": {"conditions": list(conditions)}})


def test_a_condition_says_which_generation_it_is_about_and_since_when() -> None:
    assert condition(shown(), GOOD, NOW) == {
        "type": "Loaded",
        "status": "True",
        "reason": "Loaded",
        "message": "fine",
        "observedGeneration": 4,
        "lastTransitionTime": "2026-03-01T12:00:00Z",
    }


def test_the_time_stands_while_the_status_does() -> None:
    assert condition(shown(EARLIER), GOOD, NOW)["lastTransitionTime"] == "2026-01-01T00:00:00Z"
    bad = rejection("Invalid", "broken", None)
    assert condition(shown(EARLIER), bad, NOW)["lastTransitionTime"] == "2026-03-01T12:00:00Z"


def test_a_rejection_says_what_is_in_force_instead() -> None:
    assert (
        rejection("Invalid", "broken", "the rules of generation 3").message
        == "broken; the rules of generation 3 stay in force"
    )
    assert rejection("Invalid", "broken", None).message == "broken; no rules of it are in force"


def test_a_status_that_is_no_status_counts_as_none() -> None:
    statuses: list[Any] = [None, [], {"conditions": {}}, {"conditions": ["x"]}]
    for status in statuses:
        assert read_object(OBJECTIVE, {**item(), "status": status}).conditions == ()
