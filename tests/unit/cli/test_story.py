"""What a person is told about a record."""

from __future__ import annotations

from typing import Any

import pytest

from cli.story import NEXT, headline, story
from receiver.decision.phases import Phase
from tests.unit.cli.record import record


def test_the_headline_says_what_would_be_done_and_why() -> None:
    said = headline(record())
    assert "deployment/shop in prod: from revision 2 (shop:2) back to revision 1 (shop:1)" in said
    assert "alert ErrorBudgetBurn fires since 2026-03-01T11:59:00" in said


def test_the_story_is_whole() -> None:
    item = record(
        "RolledBack",
        mode="enabled",
        reason="rollout-complete",
        message="serves again",
        undoneAt="2026-03-01T12:00:01.000000Z",
        rolledBackAt="2026-03-01T12:00:02.000000Z",
        conditions=[
            {
                "type": "Undone",
                "status": "True",
                "reason": "Undo",
                "message": "the undo was accepted",
                "lastTransitionTime": "2026-03-01T12:00:01.000000Z",
            }
        ],
    )
    lines = [" ".join(line.split()) for line in story(item).splitlines()]
    spec = item["spec"]
    for line in (
        f"Rollback: {item['metadata']['name']} in prod",
        "Workload: deployment/shop",
        f"From: revision 2 (shop:2), template {spec['blamed']['templateHash']}",
        f"To: revision 1 (shop:1), template {spec['target']['templateHash']}",
        "Phase: RolledBack, attempt 1",
        "Reason: rollout-complete: serves again",
        "shown: firing",
        "SLI before the rollout: good (value 0.0, at 2026-03-01T11:58:00.000000Z)",
        "SLI since the rollout: bad (value 0.3, at 2026-03-01T12:00:00.000000Z)",
        "query: sli",
        "limit: 0.1",
        "2026-03-01T12:00:01.000000Z the API server accepted the undo",
        "2026-03-01T12:00:02.000000Z the target serves again",
        "Undone=True 2026-03-01T12:00:01.000000Z Undo the undo was accepted",
    ):
        assert line in lines
    assert lines[-1].endswith(f"metricops rollbacks revert {item['metadata']['name']} -n prod")


def test_what_was_noted_of_the_blamed_release_is_told() -> None:
    item = record()
    said = {
        "commit": "9f8e7d6",
        "who": "the pipeline",
        "link": "https://ci.example/7",
        "changeCause": "a \x1b[31mbasket",
    }
    item["spec"]["blamed"]["release"] = said
    lines = [" ".join(line.split()) for line in story(item).splitlines()]
    assert "Commit: 9f8e7d6" in lines
    assert "Released by: the pipeline" in lines
    assert "Look at: https://ci.example/7" in lines
    assert "\x1b" not in story(item)


def test_without_evidence_it_says_so() -> None:
    item = record()
    del item["spec"]["evidence"]
    assert "no source of metrics was asked" in story(item)


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_has_something_to_do_next(phase: Phase) -> None:
    assert phase in NEXT
    assert story(record(phase)).splitlines()[-2] == "What to do next"


def test_a_refusal_is_followed_by_its_remedy() -> None:
    assert "ConfigMap metricops-control" in story(record("Failed", reason="stopped"))


def test_a_label_cannot_steer_the_terminal() -> None:
    item = record()
    item["spec"]["alert"]["name"] = "Burn\x1b[2J\nPhase: Recovered"
    for said in (story(item), headline(item)):
        assert "\x1b" not in said
        assert "\nPhase: Recovered" not in said


@pytest.mark.parametrize(
    ("word", "value", "shown"),
    [
        ("approval", {"decision": "approve", "by": "ann", "blamedHash": "a", "targetHash": "b"}, "approve, by ann"),
        ("reverted", {"by": "ann", "at": "2026-03-01T12:10:00Z", "reason": "it was the cache"}, "it was the cache"),
        ("cleared", {"by": "ann", "at": "2026-03-01T12:10:00Z"}, "by ann, 2026-03-01T12:10:00Z"),
    ],
)
def test_what_people_said(word: str, value: dict[str, Any], shown: str) -> None:
    item = record()
    item["spec"][word] = value
    assert shown in story(item)
