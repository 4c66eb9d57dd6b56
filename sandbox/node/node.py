"""The node: its registration, and one `PodRun` for every pod that is bound to it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from receiver.cluster.api import ApiError, JsonObject
from sandbox.node.addresses import Addresses, pod_range
from sandbox.node.binding import PENDING_FIELDS, bind, wants_binding
from sandbox.node.client import NodeApi
from sandbox.node.environment import service_variables
from sandbox.node.events import Events
from sandbox.node.follow import PodFollower
from sandbox.node.host import Host
from sandbox.node.objects import Objects
from sandbox.node.pod import PodRun
from sandbox.node.registration import Registration
from sandbox.node.tree import exposed_paths

CHECKOUT = Path(__file__).resolve().parent.parent.parent
IMAGES = CHECKOUT / "sandbox" / "images"
LEAVE_SECONDS = 3.0
"""How long containers get to end when the node goes."""


class Node:
    """A stand-in node of this name in the cluster of `api`."""

    def __init__(
        self,
        api: NodeApi,
        name: str,
        run_folder: Path,
        images: Sequence[Path] = (),
        *,
        binds: bool = False,
        backoff: float = 1.0,
    ) -> None:
        address = urlsplit(api.server)
        port = address.port or (443 if address.scheme == "https" else 80)
        self._host = Host(
            api=api,
            node_name=name,
            objects=Objects(api),
            events=Events(api, name),
            addresses=Addresses(pod_range(port)),
            images=[*images, IMAGES],
            exposed=exposed_paths(CHECKOUT),
            run_folder=run_folder,
            first_backoff=backoff,
            services=service_variables(address.hostname or "127.0.0.1", port),
        )
        self._registration = Registration(api, name)
        self._binds = binds
        self._runs: dict[str, PodRun] = {}
        self._lock = threading.Lock()
        self._leaving = False

    def start(self) -> None:
        """Register and begin to run pods. Raises `ApiError` where the API server refuses the Node."""
        self._host.run_folder.mkdir(parents=True, exist_ok=True)
        self._registration.register()
        threading.Thread(target=self._registration.keep, name="heartbeat", daemon=True).start()
        PodFollower(
            self._host.api,
            f"spec.nodeName={self._host.node_name}",
            listed=self._compare,
            changed=self._update,
            deleted=self._remove,
        ).start()
        if self._binds:
            PodFollower(
                self._host.api,
                PENDING_FIELDS,
                listed=self._bind_all,
                changed=self._bind,
                deleted=lambda _pod: None,
            ).start()

    def leave(self) -> None:
        """Remove the Node, end every container and the pods' objects. Returns when nothing runs any more."""
        self._registration.remove()  # First, so that the scheduler binds nothing more to it.
        with self._lock:
            self._leaving = True
            runs = list(self._runs.values())
        for run in runs:
            run.leave(LEAVE_SECONDS)
        deadline = time.monotonic() + LEAVE_SECONDS + 5
        for run in runs:
            run.join(max(0.0, deadline - time.monotonic()))

    def _compare(self, pods: list[JsonObject]) -> None:
        present = {pod["metadata"]["uid"] for pod in pods}
        with self._lock:
            gone = [run for uid, run in self._runs.items() if uid not in present]
        for run in gone:
            run.vanish()
        for pod in pods:
            self._update(pod)

    def _update(self, pod: JsonObject) -> None:
        uid = pod["metadata"]["uid"]
        with self._lock:
            run = self._runs.get(uid)
            if run is None and not self._leaving:
                self._runs[uid] = PodRun(self._host, pod, self._forget)
                self._runs[uid].start()
        if run is not None:
            run.update(pod)

    def _remove(self, pod: JsonObject) -> None:
        with self._lock:
            run = self._runs.get(pod["metadata"]["uid"])
        if run is not None:
            run.vanish()

    def _forget(self, uid: str) -> None:
        with self._lock:
            self._runs.pop(uid, None)

    def _bind_all(self, pods: list[JsonObject]) -> None:
        for pod in pods:
            self._bind(pod)

    def _bind(self, pod: JsonObject) -> None:
        if wants_binding(pod):
            with contextlib.suppress(ApiError):  # The next list tries again.
                bind(self._host.api, pod, self._host.node_name)
