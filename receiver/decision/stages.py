"""The stages of a decision, in their order: each has one question and may end the judgement with a reason.

The order is the design's: what needs no claim first, then blame, then what forbids an undo, then the target, then
what only postpones it.
"""

from __future__ import annotations

from receiver import names
from receiver.decision import reasons
from receiver.decision.case import AlertStage, Case, CaseStage, Refusal, iso
from receiver.decision.condemnation import condemned_by
from receiver.decision.evidence import Answer, Bound, Observation, Shown
from receiver.decision.identity import rollback_name
from receiver.decision.owners import gitops_owner
from receiver.decision.phases import CLAIMABLE_AGAIN, Phase
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
    if past.phase not in CLAIMABLE_AGAIN or past.undone_at is not None:
        return False
    return past.phase is not Phase.DRY_RUN or case.policy.mode is not Mode.DRY_RUN


def is_true(case: Case) -> Refusal | None:
    """Anyone who reaches Alertmanager can post an alert: the source must show it, by a rule that it has loaded."""
    evidence = case.world.evidence
    if evidence is not None and evidence.shown is Shown.ABSENT:
        return Refusal(reasons.NOT_TRUE, f"the source shows no {case.world.alert.name or 'such alert'} firing")
    return None


def began_after_rollout(case: Case) -> Refusal | None:
    """Trouble that was there before the rollout is not the release's; inside the interval the clocks can't tell."""
    began = case.workload.rollout_began
    onset = case.onset
    if began is None:
        return Refusal(reasons.BEFORE_ROLLOUT, f"the rollout has not begun; the alert began at {iso(onset)}")
    evidence = case.world.evidence
    if evidence and evidence.before.answer is Answer.GOOD and evidence.since.answer is Answer.BAD:
        return None  # An alert that goes on from an earlier release does not protect this one.
    if onset < began.earliest:
        return Refusal(
            reasons.BEFORE_ROLLOUT,
            f"the alert began at {iso(onset)}, the rollout not before {iso(began.earliest)}",
        )
    return None


def began_within_attribution_window(case: Case) -> Refusal | None:
    """The longer a release has served well, the less likely it is the cause."""
    began = case.workload.rollout_began
    onset = case.onset
    if began is not None and onset > began.latest + case.policy.attribution_window:
        return Refusal(
            reasons.OUTSIDE_ATTRIBUTION_WINDOW,
            f"the alert began at {iso(onset)}, the rollout by {iso(began.latest)}, "
            f"the attribution window is {case.policy.attribution_window}",
        )
    return None


def was_good_before(case: Case) -> Refusal | None:
    """Trouble that the SLI shows before the rollout is not the release's, whenever the alert says that it began."""
    evidence = case.world.evidence
    if evidence is not None and evidence.before.answer is Answer.BAD:
        return Refusal(reasons.BAD_BEFORE, f"when the rollout began, {_shown(evidence.before, evidence.bound)}")
    return None


def is_bad_since(case: Case) -> Refusal | None:
    """A good fix must not be condemned by the long window's memory of what it mends."""
    evidence = case.world.evidence
    if evidence is not None and evidence.since.answer is Answer.GOOD:
        return Refusal(reasons.GOOD_SINCE, f"since the rollout, {_shown(evidence.since, evidence.bound)}")
    return None


def has_required_evidence(case: Case) -> Refusal | None:
    """Unknown blames nobody where the owner wants to see evidence first."""
    if not case.requires_evidence:
        return None
    evidence = case.world.evidence
    if evidence is None:
        return Refusal(reasons.NO_EVIDENCE, "no source of metrics is known")
    answers = {"shown": evidence.shown, "before": evidence.before.answer, "since": evidence.since.answer}
    unknown = [question for question, answer in answers.items() if answer == Answer.UNKNOWN]
    why = f" ({evidence.no_sli})" if evidence.no_sli else ""
    return Refusal(reasons.NO_EVIDENCE, f"unknown: {', '.join(unknown)}{why}") if unknown else None


def is_not_wide(case: Case) -> Refusal | None:
    """One release breaks one workload."""
    evidence = case.world.evidence
    others = evidence.began_elsewhere if evidence is not None else ()
    if len(others) >= case.world.defaults.wide_fault_workloads:
        return Refusal(reasons.WIDE_FAULT, f"also {', '.join(others[:10])} ({len(others)} others)")
    return None


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


def _shown(observation: Observation, bound: Bound | None) -> str:
    return f"the SLI was {observation.value} at {iso(observation.at) if observation.at else '?'}, bad is {bound}"
