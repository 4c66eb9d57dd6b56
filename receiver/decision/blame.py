"""The stages that ask whether the release is to blame: the clocks first, then the evidence."""

from __future__ import annotations

from receiver.decision import reasons
from receiver.decision.case import Case, Refusal, iso
from receiver.decision.evidence import Answer, Bound, Observation, Shown


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


def has_failed_often_enough(case: Case) -> Refusal | None:
    """One failed request of three is a bad ratio, and says nothing."""
    evidence, least = case.world.evidence, case.policy.minimum_failed_events
    count = evidence.count if evidence is not None else None
    if count is not None and count.failed < least:
        return Refusal(
            reasons.TOO_FEW_EVENTS,
            f"{count.failed} of {count.events} events failed since {iso(count.since)}, expected at least {least}",
        )
    return None


def is_worse_than_the_old_pods(case: Case) -> Refusal | None:
    """What the old pods do at the same time is not the new release's doing."""
    evidence = case.world.evidence
    beside = evidence.side_by_side if evidence is not None else None
    if evidence is None or beside is None or evidence.bound is None or not beside.alike:
        return None
    if evidence.bound.answer(beside.old) is not Answer.BAD:
        return None
    return Refusal(
        reasons.BAD_ALIKE,
        f"by {iso(beside.at)}, {beside.old_pods} old pods failed {beside.old:.2%} of their events, "
        f"{beside.new_pods} new ones {beside.new:.2%}",
    )


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


def _shown(observation: Observation, bound: Bound | None) -> str:
    return f"the SLI was {observation.value} at {iso(observation.at) if observation.at else '?'}, bad is {bound}"
