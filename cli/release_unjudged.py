"""Why nobody would undo a release of a workload: a pipeline that waits for a verdict ought to know."""

from __future__ import annotations

from receiver import names
from receiver.cluster.api import Api, ApiError, object_path
from receiver.decision.owners import gitops_owner
from receiver.decision.policy import InvalidPolicy, effective_policy
from receiver.decision.values import Defaults, Mode, NamespaceFacts, Workload


def why_unjudged(workload: Workload, namespace: NamespaceFacts | None) -> str:
    """The reason, empty where a release is judged, or where that isn't known: `namespace` is None then."""
    owner = gitops_owner(workload)
    if owner:
        return f"{owner} owns it, which would take an undo back"
    if workload.controlled_by:
        return f"it is controlled by {workload.controlled_by}"
    if namespace is None:
        return ""
    try:
        mode = effective_policy(workload, namespace, Defaults()).mode
    except InvalidPolicy as error:
        return str(error)
    return f"label {names.MODE_LABEL} is {mode}" if mode in (Mode.DISABLED, Mode.PAUSED) else ""


def read_namespace(api: Api, name: str) -> NamespaceFacts | None:
    """A namespace's labels and annotations; None where they can't be read."""
    try:
        metadata = api.get(object_path("v1", "namespaces", name=name))["metadata"]
    except ApiError:
        return None
    return NamespaceFacts(metadata.get("labels") or {}, metadata.get("annotations") or {})
