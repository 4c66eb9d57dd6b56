"""Which revision an undo goes back to."""

from __future__ import annotations

from receiver.decision.condemnation import condemned_by
from receiver.decision.values import Revision, Workload, World


def choose_target(workload: Workload, world: World) -> Revision | None:
    """The newest of those that an undo may go back to; None where there is none."""
    return max(possible_targets(workload, world), key=lambda revision: revision.number, default=None)


def possible_targets(workload: Workload, world: World) -> list[Revision]:
    """The earlier revisions that once completed their rollout, as far as is known, and are neither condemned nor were
    themselves left by a restore.

    A revision was left by a restore when the revision number after its own was given to an older revision. One that was
    taken up again since, and followed by a release, is as good as any: somebody wanted it back.
    """
    current = workload.current
    if current is None:
        return []
    left = _numbers_left_by_restore(workload)
    return [
        revision
        for revision in workload.revisions
        if revision.number < current.number
        and revision.template_hash != workload.template_hash
        and condemned_by(world, revision.template_hash) is None
        and revision.number not in left
        and not revision.never_completed
    ]


def _numbers_left_by_restore(workload: Workload) -> set[int]:
    return {number - 1 for revision in workload.revisions for number in revision.numbers[1:]}
