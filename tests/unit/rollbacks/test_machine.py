"""The state machine by table: for each phase, what each world leads to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from receiver.decision.decide import decide
from receiver.decision.phases import LEAVES_TO, Phase
from receiver.decision.recovery import AlertState, Standing
from receiver.decision.values import RestoredBy, World
from receiver.rollbacks.machine import is_finished, judges, next_step
from receiver.rollbacks.record import Rollback, new_rollback, read_rollback
from receiver.rollbacks.steps import Finished, Move, SendUndo, Step, Timing, View, Wait
from receiver.timestamps import format_time
from tests.unit.scenario import NOW, V1, V2, alert, past, revision, workload, world

SECOND = timedelta(seconds=1)
TIMING = Timing()
MODE = "metricops.dev/rollback"
V3 = revision(3)
V3_RESTORED_V1 = revision(3, "shop:1", earlier=(1,))
RESTORED = workload(V1, V2, V3_RESTORED_V1, template_writer="metricops")


def rollback(phase: Phase = Phase.CLAIMED, *, mode: str = "enabled", approval: Any = None, **status: Any) -> Rollback:
    claimed = world(workload=workload(labels={MODE: mode}))
    assert claimed.workload is not None
    body = new_rollback(decide(claimed), claimed.alert, claimed.workload, NOW)
    body["metadata"] |= {"uid": "r-1", "resourceVersion": "1"}
    body["status"] = {"phase": str(phase), **status}
    if approval:
        body["spec"]["approval"] = approval
    return read_rollback(body)


def step(record: Rollback, *, state: AlertState = AlertState.ACTIVE, **changes: Any) -> Step:
    own = record.as_past()
    base = world(rollbacks=(own,))
    return next_step(record, View(replace(base, **changes), Standing(state), TIMING))


def moved(found: Step) -> tuple[Phase, str]:
    assert isinstance(found, Move), found
    return found.phase, found.reason


def test_a_fresh_claim_is_undone() -> None:
    assert isinstance(step(rollback()), SendUndo)


def test_the_target_stands_when_a_newer_one_is_no_longer_known_to_be_bad() -> None:
    """Claimed while revision 1 still had pods, so that 2 was known to have never completed; now it has none."""
    at_claim = world(workload=workload(V1, replace(V2, never_completed=True), V3))
    assert at_claim.workload is not None
    body = new_rollback(decide(at_claim), at_claim.alert, at_claim.workload, NOW)
    body["metadata"] |= {"uid": "r-1", "resourceVersion": "1"}
    record = read_rollback(body)
    assert record.target_number == 1
    assert isinstance(step(record, workload=workload(V1, V2, V3)), SendUndo)
    assert moved(step(record, workload=workload(V2, V3))) == (Phase.FAILED, "target-changed")


def test_a_record_without_status_is_claimed() -> None:
    record = rollback()
    assert replace(record, status={}).phase is Phase.CLAIMED


CLAIMED_WORLDS: list[tuple[str, dict[str, Any], Phase, str]] = [
    ("deleted", {"workload": None}, Phase.SUPERSEDED, "workload-gone"),
    ("recreated", {"workload": workload(uid="u-2")}, Phase.SUPERSEDED, "workload-gone"),
    ("fixed forward", {"workload": workload(V1, V2, V3)}, Phase.SUPERSEDED, "template-changed"),
    ("undone by a person", {"workload": RESTORED}, Phase.SUPERSEDED, "template-changed"),
    (
        "away and back",
        {"workload": workload(V1, revision(3), revision(4, "shop:2", earlier=(2,)))},
        Phase.SUPERSEDED,
        "revision-changed",
    ),
    ("revision not made yet", {"workload": workload(current=None)}, Phase.SUPERSEDED, "revision-changed"),
    ("stopped", {"stopped": "the switch"}, Phase.FAILED, "stopped"),
    ("paused", {"workload": workload(labels={MODE: "paused"})}, Phase.FAILED, "mode-paused"),
    ("rollout paused", {"workload": workload(paused=True)}, Phase.FAILED, "rollout-paused"),
    ("disabled", {"workload": workload(labels={MODE: "disabled"})}, Phase.FAILED, "not-opted-in"),
    ("dry-run", {"workload": workload(labels={MODE: "dry-run"})}, Phase.DRY_RUN, "dry-run"),
    (
        "observing",
        {"workload": workload(annotations={"metricops.dev/observe-first": "1"})},
        Phase.DRY_RUN,
        "observing",
    ),
    ("approve", {"workload": workload(labels={MODE: "approve"})}, Phase.AWAITING_APPROVAL, "approve"),
    ("cooldown", {"rollbacks": (past(undone_at=NOW - SECOND),)}, Phase.DEFERRED, "in-cooldown"),
    ("no target", {"workload": workload(V2)}, Phase.FAILED, "no-target"),
    (
        "another target",
        {"workload": workload(revision(1, "shop:other"), V2)},
        Phase.FAILED,
        "target-changed",
    ),
    (
        "our own undo, found after a crash",
        {"workload": replace(RESTORED, restored_by=RestoredBy(rollback().name, V1.template_hash, NOW))},
        Phase.UNDOING,
        "undo",
    ),
    (
        "our own undo, fixed forward since",
        {"workload": workload(V1, V2, V3, restored_by=RestoredBy(rollback().name, V1.template_hash, NOW))},
        Phase.UNDOING,
        "undo",
    ),
    (
        "another rollback's undo",
        {"workload": replace(RESTORED, restored_by=RestoredBy("other", V1.template_hash, NOW))},
        Phase.SUPERSEDED,
        "template-changed",
    ),
]


@pytest.mark.parametrize(
    ("changes", "phase", "reason"), [c[1:] for c in CLAIMED_WORLDS], ids=[c[0] for c in CLAIMED_WORLDS]
)
def test_claimed(changes: dict[str, Any], phase: Phase, reason: str) -> None:
    assert moved(step(rollback(), **changes)) == (phase, reason)


def test_a_workload_read_before_and_revisions_read_after_an_undo_are_read_again() -> None:
    torn = workload(V3_RESTORED_V1, V2)
    assert torn.current == V2
    assert isinstance(step(rollback(), workload=torn), Wait)
    approved = rollback(
        Phase.AWAITING_APPROVAL,
        mode="approve",
        approval={"decision": "approve", "blamedHash": V2.template_hash, "targetHash": V1.template_hash},
    )
    assert isinstance(step(approved, workload=replace(torn, labels={MODE: "approve"})), Wait)


def test_superseded_names_who() -> None:
    found = step(rollback(), workload=workload(V1, V2, V3, template_writer="argocd-controller"))
    assert isinstance(found, Move)
    assert "argocd-controller" in found.message


def test_an_old_claim_whose_alert_is_gone_is_superseded() -> None:
    later = NOW + TIMING.judge_again_after
    assert isinstance(step(rollback(), state=AlertState.ABSENT, now=later), SendUndo)
    assert moved(step(rollback(), state=AlertState.ABSENT, now=later + SECOND)) == (Phase.SUPERSEDED, "alert-gone")
    assert isinstance(step(rollback(), state=AlertState.UNKNOWN, now=later + SECOND), SendUndo)


def test_an_old_claim_is_judged_again_in_full() -> None:
    much_later = NOW + timedelta(minutes=31)
    assert moved(step(rollback(), now=much_later)) == (Phase.FAILED, "too-late")


class TestDeferred:
    record = rollback(Phase.DEFERRED, notBefore=format_time(NOW + timedelta(minutes=1)))

    def test_waits_for_its_time(self) -> None:
        assert step(self.record) == Wait(NOW + timedelta(minutes=1))

    def test_is_superseded_meanwhile(self) -> None:
        assert moved(step(self.record, workload=workload(V1, V2, V3))) == (Phase.SUPERSEDED, "template-changed")

    def test_is_claimed_at_its_time(self) -> None:
        assert moved(step(self.record, now=NOW + timedelta(minutes=1))) == (Phase.CLAIMED, "in-cooldown")

    def test_is_superseded_at_its_time_without_the_alert(self) -> None:
        found = step(self.record, now=NOW + timedelta(minutes=1), state=AlertState.ABSENT)
        assert moved(found) == (Phase.SUPERSEDED, "alert-gone")


class TestAwaitingApproval:
    expires = format_time(NOW + timedelta(hours=1))
    hashes = {"blamedHash": V2.template_hash, "targetHash": V1.template_hash}  # noqa: RUF012
    opted = workload(labels={MODE: "approve"})

    def waiting(self, **approval: str) -> Rollback:
        return rollback(Phase.AWAITING_APPROVAL, mode="approve", approval=approval or None, expiresAt=self.expires)

    def test_waits(self) -> None:
        assert isinstance(step(self.waiting(), workload=self.opted), Wait)

    def test_expires(self) -> None:
        before = step(self.waiting(), workload=self.opted, now=NOW + timedelta(hours=1) - SECOND)
        assert isinstance(before, Wait)
        found = step(self.waiting(), workload=self.opted, now=NOW + timedelta(hours=1))
        assert moved(found) == (Phase.EXPIRED, "expired")

    def test_an_approval_does_not_outlive_the_record(self) -> None:
        """When it was given can't be known; what is found after the expiry may have been given after it."""
        late = NOW + timedelta(hours=1)
        approved = self.waiting(decision="approve", **self.hashes)
        assert moved(step(approved, workload=self.opted, now=late)) == (Phase.EXPIRED, "expired")
        rejected = self.waiting(decision="reject", **self.hashes)
        assert moved(step(rejected, workload=self.opted, now=late)) == (Phase.REJECTED, "rejected")

    def test_a_word_on_an_earlier_attempt_is_none_on_this_one(self) -> None:
        def waiting(attempt: int | None) -> Step:
            approval: dict[str, Any] = {"decision": "approve", **self.hashes}
            if attempt is not None:
                approval["attempt"] = attempt
            record = rollback(
                Phase.AWAITING_APPROVAL, mode="approve", approval=approval, expiresAt=self.expires, attempt=2
            )
            return step(record, workload=self.opted)

        assert isinstance(waiting(None), Wait)
        assert isinstance(waiting(1), Wait)
        assert isinstance(waiting(2), SendUndo)

    def test_approved_within_a_cooldown_waits_for_its_end(self) -> None:
        undone = past(undone_at=NOW - timedelta(minutes=1))
        found = step(self.waiting(decision="approve", **self.hashes), workload=self.opted, rollbacks=(undone,))
        assert found == Wait(NOW + timedelta(minutes=4))

    def test_approved_but_the_target_is_another_now(self) -> None:
        other = workload(revision(1, "shop:other"), V2, labels={MODE: "approve"})
        found = step(self.waiting(decision="approve", **self.hashes), workload=other)
        assert moved(found) == (Phase.FAILED, "target-changed")

    def test_approved_but_opted_out(self) -> None:
        found = step(self.waiting(decision="approve", **self.hashes), workload=workload(labels={MODE: "disabled"}))
        assert moved(found) == (Phase.FAILED, "not-opted-in")

    def test_approved(self) -> None:
        assert isinstance(step(self.waiting(decision="approve", **self.hashes), workload=self.opted), SendUndo)

    def test_rejected(self) -> None:
        found = step(self.waiting(decision="reject", **self.hashes), workload=self.opted)
        assert moved(found) == (Phase.REJECTED, "rejected")

    def test_approval_of_something_else(self) -> None:
        other = {**self.hashes, "targetHash": "another"}
        found = step(self.waiting(decision="approve", **other), workload=self.opted)
        assert moved(found) == (Phase.REJECTED, "approval-mismatch")

    def test_approved_but_the_alert_is_gone(self) -> None:
        found = step(self.waiting(decision="approve", **self.hashes), workload=self.opted, state=AlertState.ABSENT)
        assert moved(found) == (Phase.SUPERSEDED, "alert-gone")

    def test_approved_but_fixed_forward(self) -> None:
        found = step(self.waiting(decision="approve", **self.hashes), workload=workload(V1, V2, V3))
        assert moved(found) == (Phase.SUPERSEDED, "template-changed")

    def test_approved_but_stopped(self) -> None:
        found = step(self.waiting(decision="approve", **self.hashes), workload=self.opted, stopped="the switch")
        assert moved(found) == (Phase.FAILED, "stopped")


@pytest.mark.parametrize("phase", [p for p in Phase if not LEAVES_TO[p]] + [Phase.DRY_RUN, Phase.FAILED, Phase.EXPIRED])
def test_ends_need_nobody(phase: Phase) -> None:
    assert isinstance(step(rollback(phase)), Finished)
    assert is_finished(rollback(phase))


def test_only_a_claim_and_an_answered_approval_are_judged() -> None:
    answer = {"decision": "approve"}
    assert {phase for phase in Phase if judges(rollback(phase))} == {Phase.CLAIMED}
    assert {phase for phase in Phase if judges(rollback(phase, approval=answer))} == {
        Phase.CLAIMED,
        Phase.AWAITING_APPROVAL,
    }


def test_every_move_is_an_arrow_of_the_table() -> None:
    """Walk every phase through every world of this file: the machine never leaves the table."""
    worlds: list[dict[str, Any]] = [c[1] for c in CLAIMED_WORLDS] + [{}, {"workload": RESTORED}]
    for phase in Phase:
        for changes in worlds:
            for state in AlertState:
                for after in (timedelta(0), timedelta(minutes=5), timedelta(hours=2)):
                    record = rollback(phase, undoneAt=format_time(NOW), rolledBackAt=format_time(NOW))
                    found = step(record, state=state, **{**changes, "now": NOW + after})
                    if isinstance(found, Move):
                        assert found.phase in LEAVES_TO[phase], (phase, found)


def test_the_world_of_the_alert_is_the_records() -> None:
    assert rollback().alert.fingerprint == alert().fingerprint
    assert isinstance(world(), World)
