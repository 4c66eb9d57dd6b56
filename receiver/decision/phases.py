"""The phases of a Rollback and the only ways between them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class Phase(StrEnum):
    """Where a Rollback stands. A record without a phase is Claimed."""

    CLAIMED = "Claimed"
    DEFERRED = "Deferred"
    AWAITING_APPROVAL = "AwaitingApproval"
    UNDOING = "Undoing"
    ROLLED_BACK = "RolledBack"
    RECOVERED = "Recovered"
    NOT_RECOVERED = "NotRecovered"
    CONTESTED = "Contested"
    SUPERSEDED = "Superseded"
    REJECTED = "Rejected"
    EXPIRED = "Expired"
    DRY_RUN = "DryRun"
    OVER_BUDGET = "OverBudget"
    FAILED = "Failed"


class IllegalTransition(Exception):  # noqa: N818 - named after what it is, not after its base
    """The state machine has no such arrow: a defect of ours, never the cluster's."""


LEAVES_TO: dict[Phase, frozenset[Phase]] = {
    Phase.CLAIMED: frozenset(
        {
            Phase.UNDOING,
            Phase.AWAITING_APPROVAL,
            Phase.DRY_RUN,
            Phase.DEFERRED,
            Phase.OVER_BUDGET,
            Phase.SUPERSEDED,
            Phase.FAILED,
        }
    ),
    Phase.DEFERRED: frozenset({Phase.CLAIMED, Phase.SUPERSEDED}),
    Phase.AWAITING_APPROVAL: frozenset(
        {
            Phase.UNDOING,
            Phase.DRY_RUN,
            Phase.REJECTED,
            Phase.EXPIRED,
            Phase.SUPERSEDED,
            Phase.DEFERRED,
            Phase.OVER_BUDGET,
            Phase.FAILED,
        }
    ),
    Phase.UNDOING: frozenset({Phase.ROLLED_BACK, Phase.FAILED, Phase.SUPERSEDED, Phase.CONTESTED}),
    Phase.ROLLED_BACK: frozenset({Phase.RECOVERED, Phase.NOT_RECOVERED, Phase.CONTESTED, Phase.SUPERSEDED}),
    # A claim that ended without an undo may be made again: attempt + 1 of the same object.
    Phase.DRY_RUN: frozenset({Phase.CLAIMED}),
    Phase.EXPIRED: frozenset({Phase.CLAIMED}),
    Phase.OVER_BUDGET: frozenset({Phase.CLAIMED}),
    Phase.FAILED: frozenset({Phase.CLAIMED}),
    Phase.SUPERSEDED: frozenset({Phase.CLAIMED}),
    Phase.RECOVERED: frozenset(),
    Phase.NOT_RECOVERED: frozenset(),
    Phase.CONTESTED: frozenset(),
    Phase.REJECTED: frozenset(),
}

UNFINISHED = frozenset(
    {Phase.CLAIMED, Phase.DEFERRED, Phase.AWAITING_APPROVAL, Phase.UNDOING, Phase.ROLLED_BACK},
)
CLAIMABLE_AGAIN = frozenset({Phase.DRY_RUN, Phase.EXPIRED, Phase.OVER_BUDGET, Phase.FAILED})
"""Ends that don't block a new claim, as long as the undo was never sent."""
ALERT_GONE = "alert-gone"
"""Why a record is Superseded whose alert had ended before the undo: an alert that comes back is judged anew."""


def may_be_claimed_again(phase: Phase, reason: str, undone_at: datetime | None) -> bool:
    """Whether a record in this phase, entered for this reason, leaves room for a new claim of the same revision."""
    if undone_at is not None:
        return False
    return phase in CLAIMABLE_AGAIN or (phase is Phase.SUPERSEDED and reason == ALERT_GONE)


def check_transition(before: Phase, after: Phase) -> None:
    """Raise `IllegalTransition` where the table has no arrow from `before` to `after`."""
    if after not in LEAVES_TO[before]:
        raise IllegalTransition(f"no way from {before} to {after}")
