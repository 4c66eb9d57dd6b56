"""Which revision an undo goes back to."""

from __future__ import annotations

from receiver.decision.condemnation import condemned_by
from receiver.decision.values import Revision, Workload, World


def choose_target(workload: Workload, world: World) -> Revision | None:
    """The newest earlier revision that is neither condemned nor was itself left by a restore; None where there is none.

    A revision was left by a restore when the revision number after its own was given to an older revision. One that was
    taken up again since, and followed by a release, is as good as any: somebody wanted it back.
    """
    current = workload.current
    if current is None:
        return None
    left = _numbers_left_by_restore(workload)
    candidates = [
        revision
        for revision in workload.revisions
        if revision.number < current.number
        and revision.template_hash != workload.template_hash
        and condemned_by(world, revision.template_hash) is None
        and revision.number not in left
    ]
    return max(candidates, key=lambda revision: revision.number, default=None)


def _numbers_left_by_restore(workload: Workload) -> set[int]:
    return {number - 1 for revision in workload.revisions for number in revision.numbers[1:]}
