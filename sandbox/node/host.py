"""What all pods of a node share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from receiver.cluster.api import JsonObject
from sandbox.node.addresses import Addresses
from sandbox.node.client import NodeApi
from sandbox.node.events import Events
from sandbox.node.objects import Objects

HOST_IP = "127.0.0.1"


@dataclass(frozen=True)
class Host:
    """The node's surroundings; everything in it may be used from any thread."""

    api: NodeApi
    node_name: str
    objects: Objects
    events: Events
    addresses: Addresses
    images: Sequence[Path]
    exposed: Sequence[Path]
    """Host paths that every container sees, read-only."""
    run_folder: Path
    services: Mapping[str, str]
    """Environment variables that name the API server."""
    first_backoff: float = 1.0
    longest_backoff: float = 30.0

    def lookup(self, namespace: str, kind: str, name: str) -> dict[str, str] | None:
        """A ConfigMap's or Secret's values as text; None where it does not exist. Raises `ObjectUnreadableError`."""
        values = self.objects.values(kind, namespace, name)
        if values is None:
            return None
        return {key: value.decode(errors="replace") for key, value in values.items()}

    def log_folder(self, pod: JsonObject) -> Path:
        """Where the logs of the pod's containers go: `<namespace>_<pod>` below the run folder."""
        metadata = pod["metadata"]
        return self.run_folder / f"{metadata['namespace']}_{metadata['name']}"

    def volume_folder(self, pod: JsonObject) -> Path:
        """Where the pod's volumes are kept while it lives."""
        return self.run_folder / "pods" / str(pod["metadata"]["uid"])
