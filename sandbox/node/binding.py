"""Binding pending pods to this node, for control planes that run without a scheduler."""

from __future__ import annotations

from receiver.cluster.api import ApiError, JsonObject
from sandbox.node.client import NodeApi, pod_path

DEFAULT_SCHEDULER = "default-scheduler"
PENDING_FIELDS = "spec.nodeName="


def wants_binding(pod: JsonObject) -> bool:
    """Whether the default scheduler would look for a node for this pod."""
    spec = pod["spec"]
    return (
        not spec.get("nodeName")
        and spec.get("schedulerName", DEFAULT_SCHEDULER) == DEFAULT_SCHEDULER
        and not spec.get("schedulingGates")
        and "deletionTimestamp" not in pod["metadata"]
    )


def bind(api: NodeApi, pod: JsonObject, node_name: str) -> None:
    """Bind the pod to the node, unless someone else did or the pod is gone. Raises `ApiError` for anything else."""
    metadata = pod["metadata"]
    body = {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": metadata["name"], "uid": metadata["uid"]},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node_name},
    }
    try:
        api.create(pod_path(pod, "binding"), body)
    except ApiError as error:
        if error.status not in (404, 409):
            raise
