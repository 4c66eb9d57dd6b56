"""Alerts that came at a time when nothing was to be undone: what is switched on, or released, does not act on them."""

from __future__ import annotations

from receiver import names
from receiver.decision import reasons
from receiver.decision.case import Case, Refusal, iso
from receiver.decision.values import Mode

ACT_ALONE = (Mode.ENABLED, Mode.DRY_RUN)
"""Modes in which no person decides, or would decide, about the alert itself."""


def is_in_time(case: Case) -> Refusal | None:
    """A tool that is switched on must not undo last Monday's release."""
    began = case.workload.rollout_began
    if began is None:
        return None
    limit = case.world.now - case.policy.act_within
    if case.world.alert.starts_at < limit and began.latest < limit:
        return Refusal(
            reasons.TOO_LATE,
            f"the alert fired at {iso(case.world.alert.starts_at)}, the rollout began by {iso(began.latest)}, "
            f"act-within is {case.policy.act_within}",
        )
    return None


def was_enabled_before(case: Case) -> Refusal | None:
    """Undo was enabled before the alert fired, as far as managedFields tell."""
    since, began, fired = case.policy.mode_since, case.workload.rollout_began, case.world.alert.starts_at
    # What was written with the release itself says nothing: each release writes the label again.
    if since is None or since <= fired or (began is not None and since <= began.latest):
        return None
    if case.policy.mode not in ACT_ALONE:
        return None
    return Refusal(
        reasons.OPTED_IN_LATER,
        f"the alert fired at {iso(fired)}; label {names.MODE_LABEL} of {case.policy.mode_from} "
        f"was written by {iso(since)}",
    )


def was_not_stopped(case: Case) -> Refusal | None:
    """To release the stop switch is no order to act on what fired before."""
    released, fired = case.world.released_at, case.world.alert.starts_at
    if released is None or released <= fired or case.policy.mode not in ACT_ALONE:
        return None
    return Refusal(
        reasons.FIRED_WHILE_STOPPED,
        f"the alert fired at {iso(fired)}; the stop switch has said {names.CONTROL_RUN} by {iso(released)}",
    )
