"""The state machine of a Rollback: a record and the world around it in, the next step out. Pure.

`phases.py` says which arrows exist; this file says when each is taken up to the PATCH, `after_undo.py` after it. Every
step can be repeated with the same outcome, so whoever finds an unfinished record can go on with it.
"""

from __future__ import annotations

from collections.abc import Callable

from receiver.decision import reasons
from receiver.decision.decide import decide
from receiver.decision.phases import ALERT_GONE, Phase
from receiver.decision.reason import Verdict
from receiver.decision.recovery import AlertState
from receiver.decision.target import possible_targets
from receiver.decision.values import Decision, Mode, Workload, World
from receiver.rollbacks.after_undo import rolled_back, undoing
from receiver.rollbacks.record import Rollback, age
from receiver.rollbacks.steps import Finished, Move, SendUndo, Step, View, Wait
from receiver.timestamps import format_time


def next_step(rollback: Rollback, view: View) -> Step:
    """What is to be done about the record now."""
    handler = _HANDLERS.get(rollback.phase)
    return handler(rollback, view) if handler else Finished()


def is_finished(rollback: Rollback) -> bool:
    """Whether nobody needs to look at the record again: by its phase, or because recovery can't be known."""
    return rollback.phase not in _HANDLERS or bool(rollback.status.get("recoveryUnknown"))


def judges(rollback: Rollback) -> bool:
    """Whether the next step may judge the alert: for that the whole world is read, else the workload is enough."""
    return rollback.phase is Phase.CLAIMED or (rollback.phase is Phase.AWAITING_APPROVAL and bool(rollback.approval))


def _claimed(rollback: Rollback, view: View) -> Step:
    moved = _undo_found(rollback, view.world.workload) or _moved_on(rollback, view.world.workload)
    if moved:
        return moved
    if _is_between_two_worlds(rollback, view.world.workload):
        return Wait(view.world.now + view.timing.poll)
    if age(rollback, view.world.now) > view.timing.judge_again_after and view.standing.alert is AlertState.ABSENT:
        return Move(Phase.SUPERSEDED, ALERT_GONE, "the alert is no longer active")
    decision = decide(view.world, own_record=rollback.name)
    if decision.not_before is not None:
        return Move(
            Phase.DEFERRED,
            decision.reason.word,
            decision.detail,
            {"notBefore": format_time(decision.not_before)},
        )
    if decision.verdict is not Verdict.CLAIMED:
        return Move(Phase.FAILED, decision.reason.word, decision.detail)
    if decision.mode is Mode.DRY_RUN:
        return _would_undo(decision)
    if decision.reason is reasons.APPROVE:
        expires = view.world.now + view.timing.approval_expires
        return Move(Phase.AWAITING_APPROVAL, decision.reason.word, decision.detail, {"expiresAt": format_time(expires)})
    return _undo_if_target_stands(rollback, decision, view.world)


def _deferred(rollback: Rollback, view: View) -> Step:
    moved = _moved_on(rollback, view.world.workload)
    if moved:
        return moved
    not_before = rollback.moment("notBefore")
    if not_before is not None and view.world.now < not_before:
        return Wait(not_before)
    if view.standing.alert is AlertState.ABSENT:
        return Move(Phase.SUPERSEDED, ALERT_GONE, "the alert was no longer active when the cooldown ended")
    return Move(
        Phase.CLAIMED,
        reasons.IN_COOLDOWN.word,
        "the cooldown has ended; judged again",
        {"attemptedAt": format_time(view.world.now)},
    )


def _awaiting_approval(rollback: Rollback, view: View) -> Step:
    world = view.world
    moved = _undo_found(rollback, world.workload) or _moved_on(rollback, world.workload)
    if moved:
        return moved
    if _is_between_two_worlds(rollback, world.workload):
        return Wait(world.now + view.timing.poll)
    expires = rollback.moment("expiresAt")
    approval = rollback.approval
    # A word on an earlier attempt, which has ended since, is none on this one.
    if approval and approval.get("attempt", 1) == rollback.attempt:
        named = (approval.get("blamedHash"), approval.get("targetHash"))
        if named != (rollback.blamed_hash, rollback.target_hash):
            return Move(Phase.REJECTED, "approval-mismatch", "spec.approval names other templates than this record")
        if approval.get("decision") != "approve":
            return Move(Phase.REJECTED, "rejected", f"rejected by {approval.get('by') or 'a person'}")
        if expires is None or world.now < expires:
            return _approved(rollback, view)
    if expires is not None and world.now >= expires:
        return Move(Phase.EXPIRED, "expired", "nobody approved it in time")
    return Wait(world.now + view.timing.approval_poll)


def _approved(rollback: Rollback, view: View) -> Step:
    """A person may have taken their time: it is judged once more, in full."""
    if view.standing.alert is AlertState.ABSENT:
        return Move(Phase.SUPERSEDED, ALERT_GONE, "the alert was no longer active when approval came")
    decision = decide(view.world, own_record=rollback.name)
    if decision.not_before is not None:
        return Wait(decision.not_before)
    if decision.verdict is not Verdict.CLAIMED:
        return Move(Phase.FAILED, decision.reason.word, decision.detail)
    if decision.mode is Mode.DRY_RUN:  # Its owner has changed the mode since the claim.
        return _would_undo(decision)
    return _undo_if_target_stands(rollback, decision, view.world)


def _would_undo(decision: Decision) -> Move:
    return Move(Phase.DRY_RUN, decision.reason.word, f"would undo {decision.detail}")


def _undo_found(rollback: Rollback, workload: Workload | None) -> Move | None:
    """Our own PATCH was accepted, but the status was not written: a crash, or another replica was faster."""
    note = workload.restored_by if workload is not None and workload.uid == rollback.workload_uid else None
    if note is None or note.rollback != rollback.name:
        return None
    return Move(Phase.UNDOING, reasons.UNDO.word, "the undo was accepted", {"undoneAt": format_time(note.restored_at)})


def _moved_on(rollback: Rollback, workload: Workload | None) -> Move | None:
    """Before the PATCH: the blamed revision must still be the one that runs."""
    if workload is None or workload.uid != rollback.workload_uid:
        return Move(Phase.SUPERSEDED, "workload-gone", "the workload was deleted")
    writer = workload.template_writer or "an unknown manager"
    if workload.template_hash != rollback.blamed_hash:
        return Move(Phase.SUPERSEDED, "template-changed", f"{writer} deployed another template")
    if workload.current is None or workload.current.number != rollback.blamed_number:
        number = workload.current.number if workload.current else "none"
        return Move(Phase.SUPERSEDED, "revision-changed", f"the current revision is {number}, written by {writer}")
    return None


def _is_between_two_worlds(rollback: Rollback, workload: Workload | None) -> bool:
    """The workload and its revisions are two reads: a newer revision than the blamed one says that the workload has
    moved on in between, by a person's undo or by ours in another replica. Judged like that, it would have no target.
    """
    return workload is not None and any(revision.number > rollback.blamed_number for revision in workload.revisions)


def _undo_if_target_stands(rollback: Rollback, decision: Decision, world: World) -> Step:
    """The record's target need not be the newest any more: that a newer one never completed is known only as long as
    its own predecessor has pods."""
    workload = world.workload
    possible = possible_targets(workload, world) if workload is not None else []
    if rollback.target_hash in {revision.template_hash for revision in possible}:
        return SendUndo()
    return Move(
        Phase.FAILED,
        "target-changed",
        f"the record says revision {rollback.target_number}, it would now be {decision.detail}",
    )


_HANDLERS: dict[Phase, Callable[[Rollback, View], Step]] = {
    Phase.CLAIMED: _claimed,
    Phase.DEFERRED: _deferred,
    Phase.AWAITING_APPROVAL: _awaiting_approval,
    Phase.UNDOING: undoing,
    Phase.ROLLED_BACK: rolled_back,
}
