"""Pods of the blamed revision that hold the rollout of the restored one up."""

from __future__ import annotations

from datetime import timedelta

from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from receiver.decision.values import Revision, Workload
from receiver.workloads.revision_pods import is_ready, pods_of
from receiver.workloads.revisions import created_at

CLOCK_SKEW = timedelta(seconds=5)


def delete_one_broken_pod(api: Api, workload: Workload, blamed: Revision) -> str:
    """Delete one pod of the blamed revision that is not ready, the highest ordinal first, as the controller goes.

    None while another pod of the workload is on its way out: one at a time. None that is younger than the undo: under
    a partition, the controller makes them of the old revision again, and would do so for ever. Guarded by the pod's
    uid and resourceVersion: a pod that has become ready meanwhile stays. Returns its name, or an empty string. Raises
    `ApiError`.
    """
    if workload.restored_by is None or workload.current is None or workload.current.name == blamed.name:
        return ""
    pods = [pod for _, pod in pods_of(api, workload, [blamed])]
    if any(pod["metadata"].get("deletionTimestamp") for pod in pods):
        return ""
    youngest = workload.restored_by.restored_at + CLOCK_SKEW
    broken = [pod for pod in pods if not is_ready(pod) and created_at(pod) <= youngest]
    if not broken:
        return ""
    chosen = max(broken, key=_ordinal)["metadata"]
    preconditions = {"uid": chosen["uid"], "resourceVersion": chosen["resourceVersion"]}
    try:
        api.delete(object_path("v1", "pods", workload.ref.namespace, chosen["name"]), {"preconditions": preconditions})
    except ApiError as error:
        if error.status in (404, 409):
            return ""  # Gone, or changed: look again.
        raise
    return str(chosen["name"])


def _ordinal(pod: JsonObject) -> tuple[int, str]:
    name = pod["metadata"]["name"]
    number = name.rpartition("-")[2]
    return (int(number) if number.isdecimal() else -1, name)
