"""The stages of a decision, in their order: each has one question and may end the judgement with a reason.

The order is the design's: what needs no claim first, then blame, then what forbids an undo, then the target, then
what only postpones it.
"""

from __future__ import annotations

from receiver import names
from receiver.decision import reasons
from receiver.decision.blame import (
    began_after_rollout,
    began_within_attribution_window,
    has_failed_often_enough,
    has_required_evidence,
    is_bad_since,
    is_not_wide,
    is_true,
    is_worse_than_the_old_pods,
    was_good_before,
)
from receiver.decision.case import AlertStage, Case, CaseStage, Refusal
from receiver.decision.condemnation import condemned_by
from receiver.decision.identity import rollback_name
from receiver.decision.owners import gitops_owner
from receiver.decision.phases import Phase, may_be_claimed_again
from receiver.decision.target import choose_target
from receiver.decision.target_needs import has_its_configuration, has_what_it_needs
from receiver.decision.timely import is_in_time, was_enabled_before, was_not_stopped
from receiver.decision.values import Alert, Mode, PastRollback
from receiver.decision.workload_label import named_workloads


def is_firing(alert: Alert) -> Refusal | None:
    """The alert's own status counts, not its group's."""
    if alert.status == "firing":
        return None
    return Refusal(reasons.NOT_FIRING, f"status is {alert.status}")


def asks_for_undo(alert: Alert) -> Refusal | None:
    """Only rules that say so may undo."""
    found = alert.labels.get(names.UNDO_LABEL)
    if found == names.UNDO_VALUE:
        return None
    return Refusal(reasons.NOT_ASKED, f"label {names.UNDO_LABEL} is {found!r}" if found else "the label is missing")


def names_one_workload(alert: Alert) -> Refusal | None:
    """An alert that names none, or several, blames nobody."""
    found = named_workloads(alert)
    if len(found) == 1:
        return None
    wanted = [names.NAMESPACE_LABEL, *names.KIND_BY_LABEL]
    carried = {label: alert.labels[label] for label in wanted if label in alert.labels}
    return Refusal(reasons.NO_WORKLOAD_LABEL, f"of {', '.join(wanted)} the alert carries {carried or 'none'}")


def is_unclaimed(case: Case) -> Refusal | None:
    """One Rollback per blamed revision, and one per alert; a claim that ended without an undo may be made again."""
    alert = case.world.alert
    for past in case.world.rollbacks:
        if past.name == case.own_record or _may_be_claimed_again(past, case):
            continue
        same_alert = past.fingerprint == alert.fingerprint and past.starts_at == alert.starts_at
        same_revision = case.blamed is not None and past.name == rollback_name(case.workload, case.blamed)
        if same_revision or same_alert:
            return Refusal(reasons.ALREADY_CLAIMED, f"{past.name} is {past.phase}", past.name)
    return None


def _may_be_claimed_again(past: PastRollback, case: Case) -> bool:
    if not may_be_claimed_again(past.phase, past.reason, past.undone_at):
        return False
    return past.phase is not Phase.DRY_RUN or case.policy.mode is not Mode.DRY_RUN


def is_not_condemned(case: Case) -> Refusal | None:
    """A template that was blamed and undone, and is back, is somebody's fight: tell, don't join it."""
    past = condemned_by(case.world, case.workload.template_hash)
    if past is None:
        return None
    writer = case.workload.template_writer or "an unknown manager"
    return Refusal(reasons.CONDEMNED, f"undone by {past.name}, written again by {writer}", past.name)


def is_not_a_restore(case: Case) -> Refusal | None:
    """A rollout that brought an earlier template back is never undone, whoever made it."""
    restored_by = case.workload.restored_by
    if restored_by is not None and restored_by.template_hash == case.workload.template_hash:
        return Refusal(reasons.RESTORE, f"restored by {restored_by.rollback}", restored_by.rollback)
    if case.blamed is not None and case.blamed.was_restored:
        numbers = ", ".join(map(str, case.blamed.numbers))
        return Refusal(reasons.RESTORE, f"{case.blamed.name} has had the revision numbers {numbers}")
    return None


def is_reversible(case: Case) -> Refusal | None:
    """The deployer's word that there is no way back. Whatever is not plainly `false` counts as that word."""
    said = case.workload.annotations.get(names.IRREVERSIBLE_ANNOTATION, "false")
    if said == "false":
        return None
    return Refusal(reasons.IRREVERSIBLE, f"annotation {names.IRREVERSIBLE_ANNOTATION} is {said!r}")


def is_not_stopped(case: Case) -> Refusal | None:
    """The stop switch stops everything."""
    return Refusal(reasons.STOPPED, case.world.stopped) if case.world.stopped is not None else None


def is_not_paused_by_mode(case: Case) -> Refusal | None:
    """An owner's pause."""
    if case.policy.mode is Mode.PAUSED:
        return Refusal(reasons.MODE_PAUSED, f"said by {case.policy.mode_from}")
    return None


def is_not_paused_by_rollout(case: Case) -> Refusal | None:
    """A paused rollout takes no new template."""
    return Refusal(reasons.ROLLOUT_PAUSED, "spec.paused is true") if case.workload.paused else None


def is_not_owned(case: Case) -> Refusal | None:
    """What another controller writes is that controller's to undo."""
    owner = case.workload.controlled_by
    return Refusal(reasons.OWNED, f"controlled by {owner}") if owner else None


def is_not_owned_by_gitops(case: Case) -> Refusal | None:
    """Git would win."""
    owner = gitops_owner(case.workload)
    return Refusal(reasons.GITOPS_OWNER, f"owned by {owner}") if owner else None


def has_target(case: Case) -> Refusal | None:
    """There must be something good to go back to."""
    if choose_target(case.workload, case.world) is not None:
        return None
    numbers = ", ".join(str(revision.number) for revision in case.workload.revisions)
    return Refusal(reasons.NO_TARGET, f"revisions in the history: {numbers or 'none'}")


def is_within_budget(case: Case) -> Refusal | None:
    """What was already put on record as over the budget is not claimed again before the budget is free."""
    over, blamed = case.world.over_budget, case.blamed
    if over is None or blamed is None:
        return None
    own = rollback_name(case.workload, blamed)
    if any(past.name == own and past.phase is Phase.OVER_BUDGET for past in case.world.rollbacks):
        return Refusal(reasons.OVER_BUDGET, over, own)
    return None


ALERT_STAGES: tuple[AlertStage, ...] = (is_firing, asks_for_undo, names_one_workload)

CASE_STAGES: tuple[CaseStage, ...] = (
    is_unclaimed,
    is_true,
    is_in_time,
    was_enabled_before,
    was_not_stopped,
    began_after_rollout,
    began_within_attribution_window,
    was_good_before,
    is_bad_since,
    has_failed_often_enough,
    is_worse_than_the_old_pods,
    has_required_evidence,
    is_not_wide,
    is_not_condemned,
    is_not_a_restore,
    is_reversible,
    has_its_configuration,
    has_what_it_needs,
    is_not_stopped,
    is_not_paused_by_mode,
    is_not_paused_by_rollout,
    is_not_owned,
    is_not_owned_by_gitops,
    has_target,
    is_within_budget,
)
