"""What an undo needs besides its PATCH while it rolls out: fields given back, and broken pods out of the way."""

from __future__ import annotations

from receiver.cluster.api import Api
from receiver.logs import log
from receiver.rollbacks.record import Rollback
from receiver.rollbacks.steps import Note, Step, View, Wait
from receiver.workloads.registry import KINDS


def help_along(api: Api, rollback: Rollback, view: View, step: Step) -> bool:
    """Do what is left to do for a record in phase Undoing. It is found anew each time, so whoever goes on with the
    record after a crash finishes it.

    Returns False where the record must not leave the phase yet: fields are still to be given back, or the stop switch,
    which `view` has just read, forbids every write. Raises `ApiError`.
    """
    workload, waiting = view.world.workload, isinstance(step, Wait | Note)
    if workload is None:
        return True
    kind = KINDS[rollback.ref.kind]
    settled = kind.is_settled(workload)
    if view.world.stopped is not None:
        return settled or waiting
    if not settled:
        settled = kind.settle_ownership(api, rollback.ref)
    blamed = next((r for r in workload.revisions if r.template_hash == rollback.blamed_hash), None)
    if waiting and blamed is not None:
        pod = kind.unblock(api, workload, blamed)
        if pod:
            log("broken pod deleted", rollback=rollback.name, namespace=rollback.ref.namespace, pod=pod)
    return settled or waiting
