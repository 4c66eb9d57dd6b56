"""What ran before the rollout that is judged."""

from __future__ import annotations

from datetime import timedelta

from receiver.decision.values import Workload


def earlier_release_ran_for(workload: Workload) -> timedelta | None:
    """How long the release before this one had been rolling out or serving when this rollout began.

    None where none is known. A look at the SLI that reaches further back than this sees the release before that: the
    errors of a bad release which was mended, or undone, a minute ago are not those of its successor.
    """
    if workload.rollout_began is None:
        return None
    began = workload.rollout_began.earliest
    moments = [revision.created_at for revision in workload.revisions if revision != workload.current]
    if workload.restored_by is not None:
        moments.append(workload.restored_by.restored_at)
    earlier = [moment for moment in moments if moment < began]
    return began - max(earlier) if earlier else None
