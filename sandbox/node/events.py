"""Events about pods, for `kubectl describe` and for people who wonder why a pod does not start."""

from __future__ import annotations

import threading
import time
import uuid

from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from sandbox.node.clock import timestamp

QUIET_SECONDS = 30.0
"""The same about the same pod is told at most this often."""


class Events:
    """Writes Events in the name of one node. A failure to write one changes nothing else."""

    def __init__(self, api: Api, node_name: str) -> None:
        self._api = api
        self._source = {"component": "standin-node", "host": node_name}
        self._told: dict[tuple[str, str, str], float] = {}
        self._lock = threading.Lock()

    def warn(self, pod: JsonObject, reason: str, message: str) -> None:
        """Tell of something that went wrong."""
        self._tell("Warning", pod, reason, message)

    def _tell(self, kind: str, pod: JsonObject, reason: str, message: str) -> None:
        metadata, now = pod["metadata"], time.monotonic()
        key = (metadata["uid"], reason, message)
        with self._lock:
            if now - self._told.get(key, -QUIET_SECONDS) < QUIET_SECONDS:
                return
            self._told = {seen: at for seen, at in self._told.items() if now - at < QUIET_SECONDS} | {key: now}
        seen_at = timestamp()
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{metadata['name']}.{uuid.uuid4().hex[:16]}", "namespace": metadata["namespace"]},
            "involvedObject": {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": metadata["uid"],
            },
            "type": kind,
            "reason": reason,
            "message": message[:1000],
            "source": self._source,
            "firstTimestamp": seen_at,
            "lastTimestamp": seen_at,
            "count": 1,
        }
        try:
            self._api.create(object_path("v1", "events", metadata["namespace"]), event)
        except ApiError:
            return
