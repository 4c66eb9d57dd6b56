"""DaemonSets: one pod per node; the controller replaces broken pods first, so nothing holds a rollout up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from receiver.cluster.api import Api, JsonObject
from receiver.decision.values import Revision, Workload
from receiver.workloads.apps import AppsKind
from receiver.workloads.broken_pods import delete_one_broken_pod
from receiver.workloads.controller_revisions import as_workload
from receiver.workloads.undo import release_annotations


class DaemonSetKind(AppsKind):
    """How DaemonSets are read and undone."""

    kind = "DaemonSet"
    plural = "daemonsets"
    history = "controllerrevisions"
    unblocks = True

    def as_workload(self, item: JsonObject, history: list[JsonObject], now: datetime) -> Workload:
        """The values of a DaemonSet and its ControllerRevisions."""
        updated = (item.get("status") or {}).get("updatedNumberScheduled", 0)
        return as_workload(item, history, now, updated=updated, rollout_complete=rollout_complete(item))

    def restored_annotations(self, workload: Workload, target: Revision) -> Mapping[str, str]:
        """What the release had changed: a ControllerRevision remembers annotations as of its creation."""
        return release_annotations(workload, target)

    def unblock(self, api: Api, workload: Workload, blamed: Revision) -> str:
        """With updateStrategy OnDelete nobody else takes a broken pod away; a rolling update does so by itself, and
        then there is hardly one left to be found here."""
        return delete_one_broken_pod(api, workload, blamed)


def rollout_complete(daemon_set: JsonObject) -> bool:
    """As `kubectl rollout status` has it: observed, updated on every node that wants it, and available there."""
    status = daemon_set.get("status") or {}
    wanted = status.get("desiredNumberScheduled", 0)
    return bool(
        status.get("observedGeneration", 0) >= daemon_set["metadata"]["generation"]
        and status.get("updatedNumberScheduled", 0) >= wanted
        and status.get("numberAvailable", 0) >= wanted
    )
