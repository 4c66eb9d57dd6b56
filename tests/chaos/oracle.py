"""What happened, by the API server's audit log: every accepted change of a Deployment's template, and whose it was."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.audit import RECEIVER_ACCOUNT
from tests.cluster.workloads import version_of


@dataclass(frozen=True, slots=True)
class Change:
    """A workload left one version for another."""

    by_receiver: bool
    left: str
    reached: str


def template_changes(audit_log: Path) -> dict[str, list[Change]]:
    """Per namespace, in the order of the API server's own resourceVersions.

    The log is rotated at 100 MB: the older parts lie beside it.
    """
    writes: dict[str, dict[int, tuple[bool, str]]] = defaultdict(dict)
    for part in sorted(audit_log.parent.glob(f"{audit_log.stem}*{audit_log.suffix}")):
        for event in _deployment_writes(part):
            deployment = event["responseObject"]
            at = int(deployment["metadata"]["resourceVersion"])
            by_receiver = event["user"]["username"] == RECEIVER_ACCOUNT
            writes[event["objectRef"]["namespace"]].setdefault(at, (by_receiver, version_of(deployment)))
    changes: dict[str, list[Change]] = {}
    for namespace, found in writes.items():
        running = ""
        changes[namespace] = []
        for _, (by_receiver, version) in sorted(found.items()):
            if version != running:
                changes[namespace].append(Change(by_receiver, running, version))
            running = version
    return changes


def _deployment_writes(part: Path) -> Iterator[dict[str, Any]]:
    with part.open() as lines:
        for line in lines:
            if '"resource":"deployments"' not in line or not line.endswith("}\n"):
                continue
            event = json.loads(line)
            is_write = event["verb"] in ("patch", "update", "create") and "subresource" not in event["objectRef"]
            if is_write and event["responseStatus"]["code"] < 300 and "spec" in event.get("responseObject", {}):
                yield event
