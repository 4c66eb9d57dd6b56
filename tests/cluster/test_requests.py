"""What an undo and a duplicate ask of the API server, by its own audit log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from receiver.cluster.api import Api
from sandbox.audit import RECEIVER_ACCOUNT
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for
from tests.cluster.conftest import Cluster
from tests.cluster.workloads import deploy


def requests_of(cluster: Cluster, since: int) -> list[str]:
    """The receiver's requests as `verb resource`, without what goes on by itself: watches, and looks at the budget."""
    events: list[dict[str, Any]] = (cluster.audit_events() or [])[since:]
    ours = [event for event in events if event["user"]["username"] == RECEIVER_ACCOUNT and event["verb"] != "watch"]
    named = [(event["verb"], event.get("objectRef") or {}) for event in ours]
    return [
        "/".join(filter(None, (f"{verb} {about.get('resource')}", about.get("subresource"))))
        for verb, about in named
        if (verb, about.get("name")) != ("get", "metricops-budget")
    ]


def test_an_undo_costs_six_requests_and_a_settled_duplicate_none(
    cluster: Cluster, api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    if cluster.audit_events() is None:
        pytest.skip("the audit log of this cluster is out of reach")
    receiver = start_receiver(sweep_interval="10m", recovery_deadline="1s")
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    before = len(cluster.audit_events() or [])
    alert = alert_for(namespace, "shop")
    assert receiver.decide(alert)["reason"] == "undo"
    wait_until(lambda: "patch deployments" in requests_of(cluster, before), 15, "the undo is in the audit log")
    asked = requests_of(cluster, before)
    assert asked[: asked.index("patch deployments") + 1] == [
        "get deployments",
        "list replicasets",
        "create rollbacks",
        "get configmaps",  # the stop switch
        "patch configmaps",  # the budget's slot
        "patch deployments",
    ]

    def duplicates_ask_for_nothing() -> bool:
        seen = len(cluster.audit_events() or [])
        assert all(receiver.decide(alert)["reason"] == "already-claimed" for _ in range(20))
        return requests_of(cluster, seen) == []

    wait_until(duplicates_ask_for_nothing, 30, "the record is settled, and its duplicates cost no request")
