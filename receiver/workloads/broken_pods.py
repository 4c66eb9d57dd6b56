"""Pods of the blamed revision that hold the rollout of the restored one up."""

from __future__ import annotations

from datetime import timedelta

from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from receiver.decision.values import Revision, Workload
from receiver.workloads.revisions import created_at, is_controlled_by

REVISION_LABEL = "controller-revision-hash"
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
    at = object_path("v1", "pods", workload.ref.namespace)
    labelled = f"{REVISION_LABEL} in ({blamed.name},{_suffix(workload, blamed)})"
    pods = [pod for pod in api.get(at, labelSelector=labelled)["items"] if is_controlled_by(pod, workload.uid)]
    if any(pod["metadata"].get("deletionTimestamp") for pod in pods):
        return ""
    youngest = workload.restored_by.restored_at + CLOCK_SKEW
    broken = [pod for pod in pods if not _is_ready(pod) and created_at(pod) <= youngest]
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


def _suffix(workload: Workload, revision: Revision) -> str:
    """What a DaemonSet's pods are labelled with; a StatefulSet's carry the revision's whole name."""
    return revision.name.removeprefix(f"{workload.ref.name}-")


def _is_ready(pod: JsonObject) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _ordinal(pod: JsonObject) -> tuple[int, str]:
    name = pod["metadata"]["name"]
    number = name.rpartition("-")[2]
    return (int(number) if number.isdecimal() else -1, name)
