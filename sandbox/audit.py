"""Who undid what, by the API server's audit log: the judge of what happened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

RECEIVER_ACCOUNT = "system:serviceaccount:metricops-system:metricops-receiver"
WORKLOADS = ("deployments", "statefulsets", "daemonsets")


def accepted_undos(
    events: Iterable[dict[str, Any]], namespace: str, name: str | None = None, account: str = RECEIVER_ACCOUNT
) -> list[dict[str, Any]]:
    """The receiver's PATCHes of a pod template that the API server accepted (`audit.k8s.io/v1` Events).

    A PATCH that only puts the record of field owners right changes no template, and is none. `account` is the
    receiver's user name.
    """
    return [
        event
        for event in events
        if event["verb"] == "patch"
        and event["user"]["username"] == account
        and (event.get("objectRef") or {}).get("resource") in WORKLOADS
        and event["objectRef"].get("namespace") == namespace
        and name in (None, event["objectRef"].get("name"))
        and event["responseStatus"]["code"] == 200
        and _changes_template(event.get("requestObject"))
    ]


def _changes_template(patch: Any) -> bool:
    operations = patch if isinstance(patch, list) else []
    return any(op["op"] != "test" and op["path"].startswith("/spec/template") for op in operations)
