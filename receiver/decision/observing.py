"""Observe first: a newly enabled workload stays in dry-run until its owners have seen some would-be decisions."""

from __future__ import annotations

from dataclasses import replace

from receiver.decision.identity import rollback_name
from receiver.decision.phases import Phase
from receiver.decision.policy import Policy
from receiver.decision.values import Mode, Workload, World


def observed_first(policy: Policy, workload: Workload, world: World) -> Policy:
    """The policy, with mode dry-run and a word in `observing` while the workload is only observed.

    What counts are the records in phase DryRun of other revisions than the current one: its own must not make the
    next delivery of the same alert act. A workload that has been undone before is not newly enabled.
    """
    if policy.mode is not Mode.ENABLED or any(past.undone_at for past in world.rollbacks):
        return policy
    own = rollback_name(workload, workload.current) if workload.current else None
    seen = {past.name for past in world.rollbacks if past.phase is Phase.DRY_RUN and past.name != own}
    if len(seen) >= policy.observe_first:
        return policy
    return replace(
        policy, mode=Mode.DRY_RUN, observing=f"observing, decision {len(seen) + 1} of {policy.observe_first}"
    )
