"""`decide`: one alert and the world around it in, one Decision out."""

from __future__ import annotations

from datetime import datetime

from receiver.decision import reasons
from receiver.decision.case import Case
from receiver.decision.identity import rollback_name
from receiver.decision.observing import observed_first
from receiver.decision.policy import InvalidPolicy, Policy, effective_policy
from receiver.decision.stages import ALERT_STAGES, CASE_STAGES
from receiver.decision.target import choose_target
from receiver.decision.values import Alert, Decision, Mode, WorkloadRef, World
from receiver.decision.workload_label import named_workloads

CLAIM_REASONS = {Mode.ENABLED: reasons.UNDO, Mode.DRY_RUN: reasons.DRY_RUN, Mode.APPROVE: reasons.APPROVE}


def ignore_early(alert: Alert, watched: str = "") -> Decision | WorkloadRef:
    """What the alert alone can tell: a Decision that ignores it, else the workload to look at.

    `watched` is the only namespace that may be looked into, where there is such a limit.
    """
    for stage in ALERT_STAGES:
        refusal = stage(alert)
        if refusal is not None:
            return Decision(refusal.reason, refusal.detail)
    ref = named_workloads(alert)[0]
    if watched and ref.namespace != watched:
        return Decision(reasons.NOT_WATCHED, f"{ref} is not in namespace {watched}", ref)
    return ref


def decide(world: World, *, own_record: str | None = None) -> Decision:
    """Judge one alert.

    `own_record` names the Rollback that is being judged again, so that it does not count as its own duplicate.
    """
    early = ignore_early(world.alert)
    if isinstance(early, Decision):
        return early
    workload = world.workload
    if workload is None:
        return Decision(reasons.WORKLOAD_NOT_FOUND, f"no {early}", early)
    try:
        policy = observed_first(effective_policy(workload, world.namespace, world.defaults), workload, world)
    except InvalidPolicy as invalid:
        return Decision(reasons.INVALID_POLICY, str(invalid), early)
    if policy.mode is Mode.DISABLED:
        return Decision(reasons.NOT_OPTED_IN, f"mode is disabled by {policy.mode_from}", early)

    case = Case(world, workload, policy, own_record)
    for stage in CASE_STAGES:
        refusal = stage(case)
        if refusal is not None:
            return Decision(
                refusal.reason,
                refusal.detail,
                early,
                policy.mode,
                workload.current,
                rollback=refusal.rollback,
            )
    return _claim(case, early)


def _claim(case: Case, ref: WorkloadRef) -> Decision:
    blamed = case.workload.current
    target = choose_target(case.workload, case.world)
    if blamed is None or target is None:
        raise AssertionError("the stages let a case without blamed or target revision pass")
    mode = case.policy.mode
    reason, not_before = CLAIM_REASONS[mode], cooldown_end(case.world, case.policy, case.own_record)
    detail = f"revision {blamed.number} ({blamed.name}) to revision {target.number} ({target.name})"
    if case.policy.observing:
        reason, detail = reasons.OBSERVING, f"{detail} ({case.policy.observing})"
    if not_before is not None:
        reason, detail = reasons.IN_COOLDOWN, f"until {not_before:%Y-%m-%dT%H:%M:%SZ}; then {detail}"
    return Decision(
        reason, detail, ref, mode, blamed, target, rollback_name(case.workload, blamed), not_before=not_before
    )


def cooldown_end(world: World, policy: Policy, own_record: str | None = None) -> datetime | None:
    """When the cooldown after the last undo of this workload ends; None where none is running."""
    undone = [past.undone_at for past in world.rollbacks if past.undone_at and past.name != own_record]
    if not undone:
        return None
    end = max(undone) + policy.cooldown
    return end if end > world.now else None
