"""Why the rollout of a restored template hangs: which pods are not ready, and what their status says of it.

A node that has gone is told by its pods' own status: the node lifecycle controller calls them not ready while their
containers still read as ready. So no right on nodes is needed (docs/decisions/0012-after-the-undo.md).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from receiver.cluster.api import Api, JsonObject
from receiver.decision.values import Workload
from receiver.timestamps import parse_time
from receiver.workloads.revision_pods import is_ready, pods_of
from receiver.workloads.revisions import created_at

GRACE = timedelta(seconds=10)
"""So old a pod is before it counts: most are ready by then, or say what they wait for."""
MOST_NAMED = 3


def blocking_pods(api: Api, workload: Workload, now: datetime) -> str:
    """The pods of the current revision that are not ready, and those of any that don't go away, in words.

    Empty where nothing is known to block. Raises `ApiError`.
    """
    if workload.current is None:
        return ""
    found = [
        f"pod {pod['metadata']['name']}{_on_node(pod)}: {why}"
        for revision, pod in sorted(
            pods_of(api, workload, workload.revisions), key=lambda item: str(item[1]["metadata"]["name"])
        )
        if (why := _why(pod, now, is_current=revision is workload.current))
    ]
    more = f" (and {len(found) - MOST_NAMED} more)" if len(found) > MOST_NAMED else ""
    return "; ".join(found[:MOST_NAMED]) + more


def _why(pod: JsonObject, now: datetime, *, is_current: bool) -> str:
    deleted = pod["metadata"].get("deletionTimestamp")
    if deleted:
        # Written ahead: the time by which the pod is to be gone.
        return f"should have been gone by {deleted}" if parse_time(deleted) < now - GRACE else ""
    if not is_current or is_ready(pod) or created_at(pod) > now - GRACE:
        return ""
    return why_not_ready(pod)


def why_not_ready(pod: JsonObject) -> str:
    """What the status of a pod that is not ready says: the first of scheduling, the pod itself, containers, node."""
    status = pod.get("status") or {}
    conditions = {condition["type"]: condition for condition in status.get("conditions") or []}
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return _said(scheduled.get("reason", "not scheduled"), scheduled.get("message"))
    if status.get("reason"):
        return _said(status["reason"], status.get("message"))
    containers = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    for said in filter(None, map(_container, containers)):
        return said
    for container in status.get("containerStatuses") or []:
        if not container.get("ready"):
            return f"container {container['name']} runs, but is not ready"
    if containers:
        ready = conditions.get("Ready", {})
        return _said(
            ready.get("reason") or "its containers are ready, it is not: its node may be gone", ready.get("message")
        )
    return f"is {status.get('phase', 'Pending')}, and no container has been started"


def _container(status: JsonObject) -> str:
    """What keeps one container from running; empty where it runs, or ended as it should."""
    state = status.get("state") or {}
    waiting, ended = state.get("waiting"), state.get("terminated")
    name = f"container {status['name']}"
    if waiting and waiting.get("reason") == "CrashLoopBackOff":
        last = (status.get("lastState") or {}).get("terminated") or {}
        return f"{name} is in CrashLoopBackOff{_ended(last)}"  # Its message counts seconds, which is no news.
    if waiting:
        return _said(f"{name} waits: {waiting.get('reason', 'no reason given')}", waiting.get("message"))
    if ended and ended.get("exitCode"):
        return f"{name} has ended{_ended(ended)}"
    return ""


def _ended(terminated: JsonObject) -> str:
    if not terminated:
        return ""
    return f" ({terminated.get('reason') or 'ended'}, exit code {terminated.get('exitCode')})"


def _on_node(pod: JsonObject) -> str:
    node = (pod.get("spec") or {}).get("nodeName")
    return f" on node {node}" if node else ""


def _said(reason: str, message: str | None) -> str:
    return f"{reason} ({message})" if message else str(reason)
