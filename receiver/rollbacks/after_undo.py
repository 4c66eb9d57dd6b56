"""The phases after the PATCH: the rollout of the restored template, then whether the workload recovers. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from receiver.decision.evidence import Answer
from receiver.decision.phases import Phase
from receiver.decision.recovery import AlertState, Standing
from receiver.decision.values import Workload
from receiver.rollbacks.record import Rollback
from receiver.rollbacks.steps import Condition, Move, Note, Step, Timing, View, Wait
from receiver.timestamps import format_time
from rules.durations import format_duration


def undoing(rollback: Rollback, view: View) -> Step:
    """Wait for the rollout of the restored template, up to the deadline."""
    workload, now = view.world.workload, view.world.now
    moved = _left_target(rollback, workload)
    if moved:
        return moved
    if workload is not None and workload.rollout_complete:
        return Move(
            Phase.ROLLED_BACK,
            "rollout-complete",
            f"revision {rollback.target_number}'s template serves again",
            {"rolledBackAt": format_time(now)},
        )
    blocked = f": {view.blocked_by}" if view.blocked_by else ""
    if now > _undone_at(rollback) + view.timing.rollout_deadline:
        within = format_duration(view.timing.rollout_deadline)
        return Move(Phase.FAILED, "rollout-deadline", f"the rollout did not complete within {within}{blocked}")
    if view.blocked_by and rollback.condition_message("RolloutComplete") != (said := f"the rollout hangs{blocked}"):
        return Note({"message": said}, (Condition("RolloutComplete", "False", "blocked", said),))
    return Wait(now + view.timing.poll * (4 if hangs(rollback, view.timing, now) else 1))


def hangs(rollback: Rollback, timing: Timing, now: datetime) -> bool:
    """Whether the rollout has taken so long that people want to know what holds it up."""
    return now > _undone_at(rollback) + timing.rollout_hangs_after


def _undone_at(rollback: Rollback) -> datetime:
    return rollback.undone_at or rollback.attempted_at


def rolled_back(rollback: Rollback, view: View) -> Step:
    """Recovered once the alert has been absent and the SLI good for the settling time: silence is not recovery."""
    now, timing, standing = view.world.now, view.timing, view.standing
    moved = _left_target(rollback, view.world.workload)
    if moved:
        return moved
    quiet_since = rollback.moment("quietSince")
    if not standing.is_quiet:
        rolled_back_at = rollback.moment("rolledBackAt") or now
        if now > rolled_back_at + time_to_recover(standing, timing):
            return _not_recovered(standing, timing, now - rolled_back_at)
        return Note({"quietSince": None}) if quiet_since is not None else Wait(now + 2 * timing.poll)
    if quiet_since is None:
        return Note({"quietSince": format_time(now)})
    if now < quiet_since + timing.settle:
        return Wait(min(quiet_since + timing.settle, now + 4 * timing.poll))
    settled = format_duration(timing.settle)
    if standing.window is None:
        return _unknown("no-sli", f"the alert has been absent for {settled}, but its rule has no SLI to ask")
    return Move(
        Phase.RECOVERED,
        "sli-good",
        f"for {settled} the alert has been absent and the SLI good: {_numbers(standing)}",
        {"recoveredAt": format_time(now)},
    )


def time_to_recover(standing: Standing, timing: Timing) -> timedelta:
    """How long after the rollout the workload may take: until the SLI's window no longer reaches back before it, then
    the settling time; `recovery_deadline` at the most, and where the source does not say that something is bad."""
    says_bad = standing.alert is AlertState.ACTIVE or standing.sli.answer is Answer.BAD
    if standing.window is None or not says_bad:
        return timing.recovery_deadline
    return min(standing.window + standing.lingers + timing.settle, timing.recovery_deadline)


def _not_recovered(standing: Standing, timing: Timing, waited: timedelta) -> Step:
    """The end at the deadline: bad only where something says so."""
    if standing.alert is AlertState.UNKNOWN:
        return _unknown("alert-unknown", "no source says whether the alert is still active")
    if standing.window is not None and waited < standing.window + standing.lingers:
        reach = format_duration(standing.window + standing.lingers)
        return _unknown(
            "window-too-long",
            f"after {_seconds(waited)} alert and SLI still look back before the rollout: they reach back {reach}, "
            f"recovery_deadline is {format_duration(timing.recovery_deadline)}",
        )
    if standing.alert is AlertState.ACTIVE:
        message = f"the alert is still active {_seconds(waited)} after the rollout"
        return Move(Phase.NOT_RECOVERED, "alert-active", message, {"quietSince": None})
    if standing.sli.answer is Answer.BAD:
        message = f"the alert is absent, but {_seconds(waited)} after the rollout the SLI is bad: {_numbers(standing)}"
        return Move(Phase.NOT_RECOVERED, "sli-bad", message, {"quietSince": None})
    return _unknown("sli-unknown", "the alert is absent, but the SLI has no value: no events, or no answer")


def _unknown(reason: str, message: str) -> Note:
    """Nobody needs to look again, and nothing is claimed: the record stays in its phase, with Recovered=Unknown."""
    return Note(
        {"recoveryUnknown": True, "reason": reason, "message": message},
        (Condition("Recovered", "Unknown", reason, message),),
    )


def _numbers(standing: Standing) -> str:
    return f"{standing.sli.value}, bad is {standing.bound}"


def _seconds(waited: timedelta) -> str:
    return format_duration(timedelta(seconds=int(waited.total_seconds())))


def _left_target(rollback: Rollback, workload: Workload | None) -> Move | None:
    """After the PATCH: the restored template must still be the one that runs."""
    if workload is None or workload.uid != rollback.workload_uid:
        return Move(Phase.SUPERSEDED, "workload-gone", "the workload was deleted")
    writer = workload.template_writer or "an unknown manager"
    if workload.template_hash == rollback.blamed_hash:
        return _came_back(rollback, writer)
    if workload.template_hash != rollback.target_hash:
        return Move(Phase.SUPERSEDED, "template-changed", f"{writer} deployed another template")
    return None


def _came_back(rollback: Rollback, writer: str) -> Move:
    """The blamed template runs again: somebody's fight, unless a person has said on the record that it may."""
    if rollback.reverted:
        return Move(Phase.SUPERSEDED, "reverted", f"{rollback.reverted.get('by') or 'a person'} took the undo back")
    again = f"{writer} wrote the blamed template again"
    if rollback.cleared:
        who = rollback.cleared.get("by") or "a person"
        return Move(Phase.SUPERSEDED, "template-cleared", f"{again}, which {who} had cleared")
    return Move(Phase.CONTESTED, "template-came-back", again)
