"""What an undo needs besides its PATCH while it rolls out: fields given back, and broken pods out of the way."""

from __future__ import annotations

from receiver.cluster.api import Api
from receiver.logs import log
from receiver.rollbacks.machine import Step, View, Wait
from receiver.rollbacks.record import Rollback
from receiver.workloads.registry import KINDS


def help_along(api: Api, rollback: Rollback, view: View, step: Step) -> bool:
    """Do what is left to do for a record in phase Undoing. It is found anew each time, so whoever goes on with the
    record after a crash finishes it.

    Returns False where the record must not leave the phase yet: fields are still to be given back, or the stop switch,
    which `view` has just read, forbids every write. Raises `ApiError`.
    """
    waiting = isinstance(step, Wait)
    if view.world.stopped is not None:
        return waiting
    kind = KINDS[rollback.ref.kind]
    settled = kind.settle_ownership(api, rollback.ref)
    workload = view.world.workload
    if waiting and workload is not None:
        blamed = next((r for r in workload.revisions if r.template_hash == rollback.blamed_hash), None)
        pod = kind.unblock(api, workload, blamed) if blamed is not None else ""
        if pod:
            log("broken pod deleted", rollback=rollback.name, namespace=rollback.ref.namespace, pod=pod)
    return settled or waiting
