"""StatefulSets: rolled pod by pod, from the highest ordinal down; broken pods hold the rollout up until they go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from receiver.cluster.api import Api, JsonObject
from receiver.decision.values import Revision, Workload
from receiver.workloads.apps import AppsKind
from receiver.workloads.broken_pods import delete_one_broken_pod
from receiver.workloads.controller_revisions import as_workload
from receiver.workloads.undo import release_annotations


class StatefulSetKind(AppsKind):
    """How StatefulSets are read and undone."""

    kind = "StatefulSet"
    plural = "statefulsets"
    history = "controllerrevisions"
    unblocks = True

    def as_workload(self, item: JsonObject, history: list[JsonObject], now: datetime) -> Workload:
        """The values of a StatefulSet and its ControllerRevisions."""
        status = item.get("status") or {}
        return as_workload(
            item,
            history,
            now,
            updated=status.get("updatedReplicas", 0),
            update_revision=status.get("updateRevision", ""),
            rollout_complete=rollout_complete(item),
            last_complete=_last_complete(item),
        )

    def restored_annotations(self, workload: Workload, target: Revision) -> Mapping[str, str]:
        """What the release had changed: a ControllerRevision remembers annotations as of its creation."""
        return release_annotations(workload, target)

    def unblock(self, api: Api, workload: Workload, blamed: Revision) -> str:
        """With ordered pods the controller waits for a broken one to become ready, for ever: it has to go."""
        return delete_one_broken_pod(api, workload, blamed)


def _last_complete(stateful_set: JsonObject) -> str | None:
    """`status.currentRevision` moves on when a rolling update completes; under a partition, and with OnDelete, it stays
    behind what has in fact served."""
    strategy = stateful_set["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete" or (strategy.get("rollingUpdate") or {}).get("partition"):
        return None
    return (stateful_set.get("status") or {}).get("currentRevision")


def rollout_complete(stateful_set: JsonObject) -> bool:
    """As `kubectl rollout status` has it: observed, all ready, and all from the partition on updated.

    With updateStrategy OnDelete, which kubectl does not follow, there is no partition: complete when all are updated.
    """
    status, spec = stateful_set.get("status") or {}, stateful_set["spec"]
    replicas = spec.get("replicas", 1)
    rolling = (spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
    return bool(
        status.get("observedGeneration", 0) >= stateful_set["metadata"]["generation"]
        and status.get("readyReplicas", 0) >= replicas
        and status.get("updatedReplicas", 0) >= replicas - rolling.get("partition", 0)
    )
