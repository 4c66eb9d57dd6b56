"""Which revision an undo goes back to."""

from __future__ import annotations

from receiver.decision.values import Revision, Workload, World


def choose_target(workload: Workload, world: World) -> Revision | None:
    """The newest earlier revision that is neither condemned nor was itself left by a restore; None where there is none.

    A revision was left by a restore when the revision number after one of its own was given to an older revision.
    """
    current = workload.current
    if current is None:
        return None
    left = _numbers_left_by_restore(workload)
    since = world.now - world.defaults.condemnation
    condemned = {past.blamed_hash for past in world.rollbacks if past.undone_at and past.undone_at >= since}
    candidates = [
        revision
        for revision in workload.revisions
        if revision.number < current.number
        and revision.template_hash != workload.template_hash
        and revision.template_hash not in condemned
        and not left.intersection(revision.numbers)
    ]
    return max(candidates, key=lambda revision: revision.number, default=None)


def _numbers_left_by_restore(workload: Workload) -> set[int]:
    return {number - 1 for revision in workload.revisions for number in revision.numbers[1:]}
