"""The receiver's requests, by the API server's own audit log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from receiver.timestamps import parse_time
from sandbox.audit import RECEIVER_ACCOUNT, accepted_undos
from sandbox.cluster import WRITES

AUDIT_POLICY: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "Request", "users": [RECEIVER_ACCOUNT], "verbs": WRITES},
        {"level": "Metadata", "users": [RECEIVER_ACCOUNT]},
        {"level": "None"},
    ],
}
"""What the receiver asks, and nothing else: writing down the rest would cost what is measured."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `name` is empty for a list or a create, `namespace` for the whole cluster's."""

    verb: str
    resource: str
    namespace: str
    name: str
    code: int
    received: datetime
    answered: datetime
    undoes: bool = False
    """Whether it is an accepted change of a workload's pod template."""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"

    @property
    def lists_cluster(self) -> bool:
        """Whether it lists, or watches, objects of all namespaces that one namespace has too."""
        return self.verb in ("list", "watch") and not self.namespace


class AuditTrail:
    """Reads the log on from where it was read last."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._offset = 0

    def new_calls(self) -> list[Call]:
        """The receiver's calls since the last look, by the time at which the API server got them.

        A watch is there twice: when it begins and when it ends.
        """
        if not self._log.exists():
            return []
        with self._log.open("rb") as log:
            log.seek(self._offset)
            whole, _, _ = log.read().rpartition(b"\n")
        if whole:
            self._offset += len(whole) + 1
        calls = [_call(json.loads(line)) for line in whole.splitlines()]
        return sorted(calls, key=lambda call: call.received)


def _call(event: dict[str, Any]) -> Call:
    about = event.get("objectRef") or {}
    namespace = about.get("namespace", "")
    subresource = about.get("subresource")
    # Undos are looked for in finished answers only: the event at a watch's beginning has no status.
    return Call(
        verb=event["verb"],
        resource=about.get("resource", event["requestURI"].partition("?")[0])
        + (f"/{subresource}" if subresource else ""),
        namespace=namespace,
        name=about.get("name", ""),
        code=int((event.get("responseStatus") or {}).get("code", 0)),
        received=parse_time(event["requestReceivedTimestamp"]),
        answered=parse_time(event["stageTimestamp"]),
        undoes=bool(accepted_undos([event], namespace)),
    )
