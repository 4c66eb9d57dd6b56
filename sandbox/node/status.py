"""A pod's status from what its containers do: pure, by the kubelet's rules (pod phase, conditions)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from receiver.cluster.api import JsonObject

READY = "Ready"
CONTAINERS_READY = "ContainersReady"
INITIALIZED = "Initialized"
SCHEDULED = "PodScheduled"
CAN_START = "PodReadyToStartContainers"


@dataclass(frozen=True)
class Waiting:
    """Not running, and not for good."""

    reason: str
    message: str = ""


@dataclass(frozen=True)
class Running:
    """Running since this time (RFC 3339)."""

    started_at: str


@dataclass(frozen=True)
class Terminated:
    """Ended. Times are RFC 3339."""

    exit_code: int
    started_at: str
    finished_at: str
    container_id: str
    message: str = ""

    @property
    def reason(self) -> str:
        """The kubelet's word for this end."""
        return "Completed" if self.exit_code == 0 else "Error"


State = Waiting | Running | Terminated


@dataclass(frozen=True)
class ContainerView:
    """A container at one moment."""

    name: str
    image: str
    state: State
    last: Terminated | None = None
    image_id: str = ""
    container_id: str = ""
    ready: bool = False
    started: bool = False
    restart_count: int = 0

    @property
    def succeeded(self) -> bool:
        """Whether it ended with exit code 0."""
        return isinstance(self.state, Terminated) and self.state.exit_code == 0

    def status(self) -> JsonObject:
        """The entry of `status.containerStatuses`."""
        return {
            "name": self.name,
            "image": self.image,
            "imageID": self.image_id,
            "state": state_json(self.state),
            "lastState": state_json(self.last) if self.last else {},
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restart_count,
            **({"containerID": self.container_id} if self.container_id else {}),
        }


def state_json(state: State) -> JsonObject:
    """A `ContainerState`."""
    if isinstance(state, Waiting):
        message = {"message": state.message} if state.message else {}
        return {"waiting": {"reason": state.reason, **message}}
    if isinstance(state, Running):
        return {"running": {"startedAt": state.started_at}}
    ended: dict[str, Any] = {
        "exitCode": state.exit_code,
        "reason": state.reason,
        "startedAt": state.started_at,
        "finishedAt": state.finished_at,
        "containerID": state.container_id,
    }
    return {"terminated": ended | ({"message": state.message} if state.message else {})}


def phase(restart_policy: str, inits: Sequence[ContainerView], mains: Sequence[ContainerView]) -> str:
    """The pod's phase: Pending, Running, Succeeded or Failed."""
    for init in inits:
        if not init.succeeded:
            failed = isinstance(init.state, Terminated) and restart_policy == "Never"
            return "Failed" if failed else "Pending"
    if any(isinstance(view.state, Waiting) and view.last is None for view in mains):
        return "Pending"
    if any(isinstance(view.state, Running) for view in mains) or restart_policy == "Always":
        return "Running"
    if all(view.succeeded for view in mains):
        return "Succeeded"
    if restart_policy == "Never" and all(isinstance(view.state, Terminated) for view in mains):
        return "Failed"
    return "Running"


def pod_status(
    pod: JsonObject,
    addresses: Mapping[str, str],
    inits: Sequence[ContainerView],
    mains: Sequence[ContainerView],
    now: str,
) -> JsonObject:
    """The whole `status` of a pod.

    `addresses` holds `podIP` and `hostIP`. `now` is written where a condition changes. Conditions that others have
    written are kept, and a readiness gate among them is honoured.
    """
    before = pod.get("status", {})
    found = phase(pod["spec"].get("restartPolicy", "Always"), inits, mains)
    generation = pod["metadata"].get("generation")
    return {
        "phase": found,
        "hostIP": addresses["hostIP"],
        "hostIPs": [{"ip": addresses["hostIP"]}],
        "podIP": addresses["podIP"],
        "podIPs": [{"ip": addresses["podIP"]}],
        "qosClass": before.get("qosClass", "BestEffort"),
        "startTime": before.get("startTime", now),
        "conditions": _conditions(pod, found, inits, mains, now),
        "initContainerStatuses": [view.status() for view in inits],
        "containerStatuses": [view.status() for view in mains],
        **({} if generation is None else {"observedGeneration": generation}),
    }


def _conditions(
    pod: JsonObject, found: str, inits: Sequence[ContainerView], mains: Sequence[ContainerView], now: str
) -> list[JsonObject]:
    before = {condition["type"]: condition for condition in pod.get("status", {}).get("conditions", [])}
    waiting_for = [view.name for view in inits if not view.succeeded]
    initialized = (
        not waiting_for,
        "ContainersNotInitialized",
        f"containers with incomplete status: {_names(waiting_for)}",
    )
    unready = [view.name for view in mains if not view.ready]
    containers = (not unready, "ContainersNotReady", f"containers with unready status: {_names(unready)}")
    if found == "Succeeded":
        containers = (False, "PodCompleted", "")
    ready = containers
    closed = [
        gate["conditionType"]
        for gate in pod["spec"].get("readinessGates", [])
        if before.get(gate["conditionType"], {}).get("status") != "True"
    ]
    if containers[0] and closed:
        ready = (False, "ReadinessGatesNotReady", f"readiness gates not ready: {_names(closed)}")
    ours = {
        CAN_START: (True, "", ""),
        INITIALIZED: initialized,
        READY: ready,
        CONTAINERS_READY: containers,
        SCHEDULED: (True, "", ""),
    }
    conditions = [_condition(name, *value, before=before.get(name, {}), now=now) for name, value in ours.items()]
    return conditions + [condition for name, condition in before.items() if name not in ours]


def _condition(name: str, holds: bool, reason: str, message: str, *, before: JsonObject, now: str) -> JsonObject:
    status = "True" if holds else "False"
    changed = now if before.get("status") != status else before.get("lastTransitionTime", now)
    condition: JsonObject = {"type": name, "status": status, "lastProbeTime": None, "lastTransitionTime": changed}
    if not holds:
        condition |= {"reason": reason, **({"message": message} if message else {})}
    return condition


def _names(names: Sequence[str]) -> str:
    return f"[{' '.join(names)}]"
