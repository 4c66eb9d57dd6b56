"""Whether the target would find what it ran with: stages about the objects that its template uses."""

from __future__ import annotations

from datetime import datetime, timedelta

from receiver.decision import reasons
from receiver.decision.case import Case, Refusal, iso
from receiver.decision.references import Dependencies
from receiver.decision.target import choose_target
from receiver.decision.values import Revision, Workload

CLOCK_GRAIN = timedelta(seconds=1)
WITH_THE_RELEASE = timedelta(minutes=1)
"""Configuration that was written so shortly before the rollout came with it: whoever deploys both writes it first."""


def has_its_configuration(case: Case) -> Refusal | None:
    """An undo takes no ConfigMap back: the target would run with what was written for its successor."""
    found = _of_target(case)
    if found is None:
        return None
    target, dependencies = found
    stopped = stopped_serving(case.workload, target)
    if stopped is None:
        return None
    # What was written before the target was made is what it began with.
    since = max(stopped - WITH_THE_RELEASE, target.created_at + CLOCK_GRAIN)
    for finding in dependencies.findings:
        if finding.changed_at is not None and finding.changed_at > since:
            who = finding.changed_by or "an unknown manager"
            return Refusal(
                reasons.CONFIGURATION_CHANGED,
                f"{who} wrote {finding.reference} at {iso(finding.changed_at)}; "
                f"revision {target.number}, which uses it, served until {iso(stopped)}",
            )
    return None


def has_what_it_needs(case: Case) -> Refusal | None:
    """A pod of the target would wait for it for ever."""
    found = _of_target(case)
    if found is None:
        return None
    target, dependencies = found
    for finding in dependencies.findings:
        if finding.reference.is_optional:
            continue
        if finding.is_there is False:
            return Refusal(
                reasons.DEPENDENCY_GONE, f"revision {target.number} needs {finding.reference}: there is none"
            )
        if finding.missing_keys:
            keys = ", ".join(finding.missing_keys[:10])
            return Refusal(reasons.DEPENDENCY_GONE, f"revision {target.number} needs {finding.reference} with {keys}")
    return None


def stopped_serving(workload: Workload, target: Revision) -> datetime | None:
    """When the rollout of the revision after the target began, at the latest; None where that is not known."""
    successors = [revision for revision in workload.revisions if revision.number > target.number]
    successor = min(successors, key=lambda revision: revision.number, default=None)
    if successor is not None and successor != workload.current and not successor.was_restored:
        return successor.created_at
    return workload.rollout_began.latest if workload.rollout_began else None


def _of_target(case: Case) -> tuple[Revision, Dependencies] | None:
    dependencies, target = case.world.dependencies, choose_target(case.workload, case.world)
    if dependencies is None or target is None or dependencies.template_hash != target.template_hash:
        return None
    return target, dependencies
