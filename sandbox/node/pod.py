"""One pod on this node, from its binding to its removal: a thread that keeps bringing it to where it should be."""

from __future__ import annotations

import math
import os
import select
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from receiver.cluster.api import ApiError, JsonObject
from sandbox.node.addresses import AddressesExhaustedError
from sandbox.node.clock import timestamp
from sandbox.node.container import Container
from sandbox.node.host import HOST_IP, Host
from sandbox.node.status import pod_status
from sandbox.node.tokens import Tokens
from sandbox.node.volumes import FRESH_SECONDS, VolumeError, Volumes

RETRY_SECONDS = 0.3
"""What the API server refused, or did not have yet, is tried again after this time."""


class PodRun(threading.Thread):
    """A pod's life on this node. `ended` is called with the pod's UID when it is over."""

    def __init__(self, host: Host, pod: JsonObject, ended: Callable[[str], None]) -> None:
        metadata = pod["metadata"]
        super().__init__(name=f"{metadata['namespace']}/{metadata['name']}", daemon=True)
        self.uid = str(metadata["uid"])
        self._host = host
        self._pod = pod
        self._pod_lock = threading.Lock()
        self._ended = ended
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._vanished = threading.Event()
        self._leave_within: float | None = None
        self._volumes = Volumes(host.volume_folder(pod), host.objects, Tokens(host.api, pod))
        self._volumes_ready = False
        self._volumes_at = 0.0
        self._sent: JsonObject | None = None
        self._address = ""
        policy = pod["spec"].get("restartPolicy", "Always")
        until_done = "OnFailure" if policy == "Always" else policy
        self._inits = self._containers("initContainers", until_done)
        self._mains = self._containers("containers", policy)

    def _containers(self, field: str, restart: str) -> list[Container]:
        specs = self._pod["spec"].get(field, [])
        return [
            Container(self._host, self._pod, spec, volumes=self._volumes, wake=self.wake, restart=restart)
            for spec in specs
        ]

    def wake(self) -> None:
        """Have the pod look at itself again. For any thread."""
        os.eventfd_write(self._wake_fd, 1)

    def update(self, pod: JsonObject) -> None:
        """The pod as the API server has it now."""
        self._take_newer(pod)
        self.wake()

    def vanish(self) -> None:
        """The object is gone: end what is left of it at once."""
        self._vanished.set()
        for container in self._inits + self._mains:
            container.kill()
        self.wake()

    def leave(self, grace: float) -> None:
        """The node goes: end the containers within this many seconds and remove the object."""
        self._leave_within = grace
        self.wake()

    def run(self) -> None:
        """Live until the pod is deleted or the node goes."""
        try:
            while not self._over():
                self._wait(self._step())
            self._finish()
        except Exception:
            traceback.print_exc()
        finally:
            for container in self._inits + self._mains:
                container.kill()
            self._volumes.remove()
            self._host.addresses.give_back(self.uid)
            self._ended(self.uid)

    def _over(self) -> bool:
        is_deleted = self._pod["metadata"].get("deletionTimestamp") is not None
        return is_deleted or self._vanished.is_set() or self._leave_within is not None

    def _wait(self, seconds: float) -> None:
        poller = select.poll()
        poller.register(self._wake_fd, select.POLLIN)
        for container in self._inits + self._mains:
            if container.exit_fd is not None:
                poller.register(container.exit_fd, select.POLLIN)
        poller.poll(None if seconds == math.inf else seconds * 1000 + 1)
        try:
            os.eventfd_read(self._wake_fd)
        except BlockingIOError:
            return

    def _step(self) -> float:
        """One look at everything. Returns in how many seconds the next one is due."""
        if self._pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            return math.inf
        try:
            self._address = self._host.addresses.take(self.uid, self._pod.get("status", {}).get("podIP", ""))
        except AddressesExhaustedError as error:
            self._host.events.warn(self._pod, "FailedCreatePodSandBox", str(error))
            return 1.0
        pod = self._with_addresses()
        due = self._refresh_volumes(pod)
        if self._volumes_ready:
            due = min(due, self._sync_containers(pod))
        return min(due, self._report())

    def _with_addresses(self) -> JsonObject:
        status: dict[str, Any] = {
            **self._pod.get("status", {}),
            "podIP": self._address,
            "podIPs": [{"ip": self._address}],
            "hostIP": HOST_IP,
            "hostIPs": [{"ip": HOST_IP}],
        }
        return {**self._pod, "status": status}

    def _refresh_volumes(self, pod: JsonObject) -> float:
        if self._volumes_ready and not self._volumes.changes(pod):
            return math.inf
        wait = self._volumes_at - time.monotonic()
        if wait > 0:
            return wait
        try:
            self._volumes.update(pod)
        except VolumeError as error:
            self._host.events.warn(self._pod, "FailedMount", str(error))
            wait = FRESH_SECONDS if self._volumes_ready else RETRY_SECONDS
        else:
            self._volumes_ready = True
            wait = FRESH_SECONDS
        self._volumes_at = time.monotonic() + wait
        return wait

    def _sync_containers(self, pod: JsonObject) -> float:
        """Init containers one after the other, then all others at once."""
        for init in self._inits:
            due = init.sync(pod)
            if not init.view().succeeded:
                for container in self._mains:
                    container.wait_for_turn("PodInitializing")
                return due
        return min(container.sync(pod) for container in self._mains)

    def _report(self) -> float:
        """Write the status where it changed. Returns when to try again."""
        addresses = {"podIP": self._address, "hostIP": HOST_IP}
        inits, mains = [c.view() for c in self._inits], [c.view() for c in self._mains]
        status = pod_status(self._pod, addresses, inits, mains, timestamp())
        if _settled(status) == self._sent:
            return math.inf
        try:
            self._take_newer(self._host.api.report(self._pod, status))
        except ApiError as error:
            if error.status in (404, 409):
                return 1.0  # The watch will tell that it is gone.
            return RETRY_SECONDS
        self._sent = _settled(status)
        return math.inf

    def _take_newer(self, pod: JsonObject) -> None:
        """Keep the later one: the watch and our own writes tell of the pod in any order."""
        with self._pod_lock:
            if int(pod["metadata"]["resourceVersion"]) >= int(self._pod["metadata"]["resourceVersion"]):
                self._pod = pod

    def _finish(self) -> None:
        """End all containers at the same time, then let the object go."""
        grace = self._pod["metadata"].get("deletionGracePeriodSeconds")
        if grace is None:
            grace = self._pod["spec"].get("terminationGracePeriodSeconds", 30)
        if self._leave_within is not None:
            grace = min(grace, self._leave_within)
        if self._vanished.is_set():
            grace = 0
        containers = self._inits + self._mains
        enders = [
            threading.Thread(target=container.stop, args=(float(grace),), daemon=True) for container in containers
        ]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join()
        pod = self._with_addresses()
        for container in containers:
            container.sync(pod)
        while not self._vanished.is_set():
            try:
                self._host.api.remove_pod(self._pod)
                return
            except ApiError as error:
                if self._leave_within is not None or not error.is_transient:
                    self._host.events.warn(self._pod, "FailedKillPod", str(error))
                    return
            self._vanished.wait(RETRY_SECONDS)


def _settled(status: JsonObject) -> JsonObject:
    """The status without what alone is no reason to write it again."""
    conditions = [
        {key: value for key, value in condition.items() if key != "lastTransitionTime"}
        for condition in status["conditions"]
    ]
    return {**status, "conditions": conditions, "startTime": None}
