"""The pods of a workload, by the labels that its controller gives them per revision."""

from __future__ import annotations

from collections.abc import Sequence

from receiver import names
from receiver.cluster.api import Api, JsonObject, object_path
from receiver.decision.values import Revision, Workload
from receiver.workloads.revisions import controlling_owner, is_controlled_by

CONTROLLER_REVISION_LABEL = "controller-revision-hash"


def pods_of(api: Api, workload: Workload, revisions: Sequence[Revision]) -> list[tuple[Revision, JsonObject]]:
    """The pods that these revisions of the workload have, each with its revision. Raises `ApiError`."""
    by_value = {value: revision for revision in revisions for value in _label_values(workload, revision)}
    label = _label(workload)
    labelled = f"{label} in ({','.join(by_value)})"
    found = api.get(object_path("v1", "pods", workload.ref.namespace), labelSelector=labelled)["items"]
    known = ((by_value[pod["metadata"]["labels"][label]], pod) for pod in found)
    return [(revision, pod) for revision, pod in known if _is_of(pod, workload, revision)]


def is_ready(pod: JsonObject) -> bool:
    """Whether the pod's condition Ready is True."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _label(workload: Workload) -> str:
    return names.POD_TEMPLATE_HASH_LABEL if workload.ref.kind == "Deployment" else CONTROLLER_REVISION_LABEL


def _label_values(workload: Workload, revision: Revision) -> tuple[str, ...]:
    """A StatefulSet's pods are labelled with the revision's whole name; the others' with what comes after their own."""
    suffix = revision.name.removeprefix(f"{workload.ref.name}-")
    return (suffix,) if workload.ref.kind == "Deployment" else (revision.name, suffix)


def _is_of(pod: JsonObject, workload: Workload, revision: Revision) -> bool:
    if workload.ref.kind == "Deployment":
        return controlling_owner(pod["metadata"]) == f"ReplicaSet/{revision.name}"
    return is_controlled_by(pod, workload.uid)
