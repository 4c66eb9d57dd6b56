"""What an undo needs besides its PATCH while it rolls out: fields given back, and broken pods out of the way."""

from __future__ import annotations

from collections.abc import Callable

from receiver.cluster.api import Api
from receiver.logs import log
from receiver.rollbacks.record import Rollback
from receiver.rollbacks.steps import Note, Step, View, Wait
from receiver.workloads.registry import KINDS


def help_along(api: Api, rollback: Rollback, view: View, step: Step, why_stopped: Callable[[], str | None]) -> bool:
    """Do what is left to do for a record in phase Undoing. It is found anew each time, so whoever goes on with the
    record after a crash finishes it. Before anything is written, the stop switch is read.

    Returns False where the record must not leave the phase yet: fields are still to be given back, or the stop switch
    forbids it. Raises `ApiError`.
    """
    workload, waiting = view.world.workload, isinstance(step, Wait | Note)
    if workload is None:
        return True
    kind = KINDS[rollback.ref.kind]
    settled = kind.is_settled(workload)
    blamed = next((r for r in workload.revisions if r.template_hash == rollback.blamed_hash), None)
    may_unblock = waiting and blamed is not None and kind.unblocks
    if (settled and not may_unblock) or why_stopped() is not None:
        return settled or waiting
    if not settled:
        settled = kind.settle_ownership(api, rollback.ref)
    if may_unblock and blamed is not None:
        pod = kind.unblock(api, workload, blamed)
        if pod:
            log("broken pod deleted", rollback=rollback.name, namespace=rollback.ref.namespace, pod=pod)
    return settled or waiting
