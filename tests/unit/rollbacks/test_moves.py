"""What a step writes beside the phase, and when it is to be looked again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from receiver.decision.phases import Phase
from receiver.decision.recovery import AlertState
from receiver.decision.values import RestoredBy, Workload
from receiver.rollbacks.steps import Move, SendUndo, Step, Wait
from receiver.timestamps import format_time
from tests.unit.rollbacks.test_machine import (
    CLAIMED_WORLDS,
    MODE,
    RESTORED,
    SECOND,
    TIMING,
    V3,
    V3_RESTORED_V1,
    moved,
    rollback,
    step,
)
from tests.unit.scenario import NOW, V1, V2, past, revision, workload

MINUTE = timedelta(minutes=1)
APPROVING = workload(labels={MODE: "approve"})
HASHES = {"blamedHash": V2.template_hash, "targetHash": V1.template_hash}
TO_TARGET = "revision 2 (shop-2) to revision 1 (shop-1)"


def awaiting(**approval: str) -> Any:
    later = format_time(NOW + timedelta(hours=1))
    return rollback(Phase.AWAITING_APPROVAL, mode="approve", approval=approval or None, expiresAt=later)


def written(found: Step) -> tuple[str, dict[str, Any]]:
    """The message and the fields of a move."""
    assert isinstance(found, Move), found
    return found.message, dict(found.fields)


@pytest.mark.parametrize("changes", [c[1] for c in CLAIMED_WORLDS], ids=[c[0] for c in CLAIMED_WORLDS])
def test_every_move_says_why(changes: dict[str, Any]) -> None:
    message, fields = written(step(rollback(), **changes))
    assert isinstance(message, str)
    assert message
    assert isinstance(fields, dict)


class TestClaimed:
    def test_deferred_until(self) -> None:
        message, fields = written(step(rollback(), rollbacks=(past(undone_at=NOW - MINUTE),)))
        assert message == f"until 2026-03-01T12:04:00Z; then {TO_TARGET}"
        assert fields == {"notBefore": format_time(NOW + timedelta(minutes=4))}

    def test_awaiting_approval_until(self) -> None:
        message, fields = written(step(rollback(), workload=APPROVING))
        assert message == TO_TARGET
        assert fields == {"expiresAt": format_time(NOW + TIMING.approval_expires)}

    def test_dry_run_says_what_it_would_have_done(self) -> None:
        assert written(step(rollback(), workload=workload(labels={MODE: "dry-run"}))) == (
            f"would undo {TO_TARGET}",
            {},
        )

    def test_failed_says_what_the_decision_saw(self) -> None:
        assert written(step(rollback(), stopped="the switch")) == ("the switch", {})

    def test_another_target_is_named(self) -> None:
        other = workload(revision(2, "shop:other"), replace(V2, numbers=(3,)))
        record = replace(rollback(), blamed_number=3)
        found = step(record, workload=other)
        assert moved(found) == (Phase.FAILED, "target-changed")
        message, _ = written(found)
        assert "says revision 1," in message
        assert "to revision 2 (shop-2)" in message

    def test_the_alert_is_gone(self) -> None:
        late = NOW + TIMING.judge_again_after + SECOND
        assert "no longer active" in written(step(rollback(), now=late, state=AlertState.ABSENT))[0]

    @pytest.mark.parametrize(
        ("found", "said"),
        [
            (None, "deleted"),
            (workload(V1, V2, V3), "kubectl deployed"),
            (workload(V1, V2, V3, template_writer=""), "an unknown manager deployed"),
            (workload(current=None), "revision is none, written by kubectl"),
            (workload(V1, V3, revision(4, "shop:2", earlier=(2,))), "revision is 4, written by kubectl"),
        ],
    )
    def test_superseded_by(self, found: Workload | None, said: str) -> None:
        assert said in written(step(rollback(), workload=found))[0]

    def test_an_undo_that_was_accepted_is_dated_by_the_workloads_note(self) -> None:
        noted = replace(RESTORED, restored_by=RestoredBy(rollback().name, V1.template_hash, NOW - SECOND))
        message, fields = written(step(rollback(), workload=noted))
        assert "accepted" in message
        assert fields == {"undoneAt": format_time(NOW - SECOND)}

    def test_two_worlds_are_read_again_soon(self) -> None:
        torn = workload(V3_RESTORED_V1, V2)
        assert step(rollback(), workload=torn) == Wait(NOW + TIMING.poll)


class TestDeferred:
    record = rollback(Phase.DEFERRED, notBefore=format_time(NOW + MINUTE))

    def test_the_next_attempt_is_dated(self) -> None:
        message, fields = written(step(self.record, now=NOW + MINUTE))
        assert "judged again" in message
        assert fields == {"attemptedAt": format_time(NOW + MINUTE)}

    def test_superseded_at_its_time_as_well(self) -> None:
        found = step(self.record, now=NOW + MINUTE, workload=workload(V1, V2, V3))
        assert moved(found) == (Phase.SUPERSEDED, "template-changed")

    def test_the_alert_is_gone(self) -> None:
        assert "no longer active" in written(step(self.record, now=NOW + MINUTE, state=AlertState.ABSENT))[0]

    def test_without_a_time_it_is_judged_at_once(self) -> None:
        assert moved(step(rollback(Phase.DEFERRED))) == (Phase.CLAIMED, "in-cooldown")


class TestAwaitingApproval:
    def test_our_own_undo_is_found_after_a_crash(self) -> None:
        noted = replace(RESTORED, restored_by=RestoredBy(rollback().name, V1.template_hash, NOW))
        assert moved(step(awaiting(), workload=noted)) == (Phase.UNDOING, "undo")

    def test_looks_again_soon(self) -> None:
        assert step(awaiting(), workload=APPROVING) == Wait(NOW + TIMING.approval_poll)
        torn = workload(V3_RESTORED_V1, V2, labels={MODE: "approve"})
        assert step(awaiting(), workload=torn) == Wait(NOW + TIMING.poll)

    def test_without_an_expiry_it_goes_on_waiting(self) -> None:
        record = rollback(Phase.AWAITING_APPROVAL, mode="approve")
        assert step(record, workload=APPROVING, now=NOW + timedelta(days=1)) == Wait(
            NOW + timedelta(days=1) + TIMING.approval_poll
        )

    @pytest.mark.parametrize(("approval", "who"), [({"by": "dana"}, "by dana"), ({}, "by a person")])
    def test_rejected_names_who(self, approval: dict[str, str], who: str) -> None:
        found = step(awaiting(decision="reject", **HASHES, **approval), workload=APPROVING)
        assert who in written(found)[0]

    def test_a_word_on_another_record_is_said_to_be_one(self) -> None:
        found = step(awaiting(decision="approve", **{**HASHES, "blamedHash": "another"}), workload=APPROVING)
        assert moved(found) == (Phase.REJECTED, "approval-mismatch")
        assert "other templates" in written(found)[0]

    def test_expired_says_so(self) -> None:
        assert "in time" in written(step(awaiting(), workload=APPROVING, now=NOW + timedelta(hours=1)))[0]

    def test_the_alert_is_gone(self) -> None:
        approved = awaiting(decision="approve", **HASHES)
        assert "no longer active" in written(step(approved, workload=APPROVING, state=AlertState.ABSENT))[0]

    def test_approved_in_dry_run_undoes_nothing(self) -> None:
        """The owner's label may have changed since the claim."""
        found = step(awaiting(decision="approve", **HASHES), workload=workload(labels={MODE: "dry-run"}))
        assert moved(found) == (Phase.DRY_RUN, "dry-run")
        assert written(found) == (f"would undo {TO_TARGET}", {})

    def test_approved_when_no_approval_is_needed_any_more(self) -> None:
        assert isinstance(step(awaiting(decision="approve", **HASHES), workload=workload()), SendUndo)

    def test_approved_but_refused_says_what_the_decision_saw(self) -> None:
        approved = awaiting(decision="approve", **HASHES)
        assert written(step(approved, workload=APPROVING, stopped="the switch"))[0] == "the switch"


class TestUndoing:
    record = rollback(Phase.UNDOING, undoneAt=format_time(NOW - MINUTE))
    hanging = replace(RESTORED, rollout_complete=False)

    def test_complete_is_dated(self) -> None:
        message, fields = written(step(self.record, workload=RESTORED))
        assert message.startswith("revision 1's template")
        assert fields == {"rolledBackAt": format_time(NOW)}

    def test_looks_again_soon(self) -> None:
        on_time = NOW - MINUTE + TIMING.rollout_hangs_after
        assert step(self.record, workload=self.hanging, now=on_time) == Wait(on_time + TIMING.poll)
        late = on_time + SECOND
        assert step(self.record, workload=self.hanging, now=late) == Wait(late + 4 * TIMING.poll)

    def test_the_deadline_counts_from_the_undo_else_from_the_attempt(self) -> None:
        late = NOW + TIMING.rollout_deadline
        assert isinstance(step(self.record, workload=self.hanging, now=late), Move)
        undated = replace(rollback(Phase.UNDOING), attempted_at=NOW)
        assert isinstance(step(undated, workload=self.hanging, now=late), Wait)
        found = step(undated, workload=self.hanging, now=late + SECOND)
        assert moved(found) == (Phase.FAILED, "rollout-deadline")
        assert "within 10m" in written(found)[0]

    @pytest.mark.parametrize(
        ("found", "said"),
        [
            (None, "deleted"),
            (workload(uid="u-2"), "deleted"),
            (workload(V1, V2, V3), "kubectl deployed"),
            (workload(V1, V2, V3, template_writer=""), "an unknown manager deployed"),
            (workload(), "kubectl wrote"),
        ],
    )
    def test_left(self, found: Workload | None, said: str) -> None:
        assert said in written(step(self.record, workload=found))[0]
