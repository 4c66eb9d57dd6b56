from __future__ import annotations

from datetime import UTC, datetime

import pytest

from receiver.decision.phases import (
    ALERT_GONE,
    LEAVES_TO,
    UNFINISHED,
    IllegalTransition,
    Phase,
    check_transition,
    may_be_claimed_again,
)


def test_every_phase_has_a_row() -> None:
    assert set(LEAVES_TO) == set(Phase)


def test_unfinished_phases_lead_somewhere_and_ends_do_not() -> None:
    for phase in Phase:
        onward = (
            LEAVES_TO[phase] - {Phase.CLAIMED} if may_be_claimed_again(phase, ALERT_GONE, None) else LEAVES_TO[phase]
        )
        assert bool(onward) == (phase in UNFINISHED), phase


def test_every_phase_but_the_first_is_reachable() -> None:
    reached, frontier = {Phase.CLAIMED}, [Phase.CLAIMED]
    while frontier:
        for phase in LEAVES_TO[frontier.pop()] - reached:
            reached.add(phase)
            frontier.append(phase)
    assert reached == set(Phase)


def test_an_undo_is_only_sent_from_a_judged_claim() -> None:
    assert {phase for phase in Phase if Phase.UNDOING in LEAVES_TO[phase]} == {Phase.CLAIMED, Phase.AWAITING_APPROVAL}


def test_illegal_transition() -> None:
    check_transition(Phase.CLAIMED, Phase.UNDOING)
    with pytest.raises(IllegalTransition, match="no way from Recovered to Undoing"):
        check_transition(Phase.RECOVERED, Phase.UNDOING)


@pytest.mark.parametrize("reason", [ALERT_GONE, "template-changed", ""])
@pytest.mark.parametrize("phase", Phase)
def test_what_may_be_claimed_again(phase: Phase, reason: str) -> None:
    ended_without_an_undo = phase in {Phase.DRY_RUN, Phase.EXPIRED, Phase.OVER_BUDGET, Phase.FAILED}
    flickered = phase is Phase.SUPERSEDED and reason == ALERT_GONE
    assert may_be_claimed_again(phase, reason, None) == (ended_without_an_undo or flickered)
    assert not may_be_claimed_again(phase, reason, datetime(2026, 1, 1, tzinfo=UTC))
    if may_be_claimed_again(phase, reason, None):
        check_transition(phase, Phase.CLAIMED)
