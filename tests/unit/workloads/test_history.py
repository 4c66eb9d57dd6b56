"""A workload's revisions are asked for at the version of the workload, and plainly where nobody knows that version."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from receiver.cluster.api import Api, ApiError, JsonObject
from receiver.decision.values import WorkloadRef
from receiver.workloads.registry import KINDS

REF = WorkloadRef("Deployment", "shop", "shop")
ITEM: JsonObject = {
    "metadata": {"namespace": "shop", "name": "shop", "uid": "u", "generation": 2, "resourceVersion": "17"},
    "spec": {"selector": {"matchLabels": {"app": "shop"}}, "template": {"spec": {"containers": []}}},
}


class OtherEtcd:
    """An API server that answers a list at a version with the given status."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.lists: list[dict[str, str]] = []

    def get(self, path: str, **query: str) -> Any:
        if path.endswith("/deployments/shop"):
            return ITEM
        self.lists.append(query)
        if "resourceVersion" in query and self.status != 200:
            raise ApiError(self.status, "Too large resource version")
        return {"items": []}


def read(server: OtherEtcd) -> None:
    KINDS["Deployment"].read(cast(Api, server), REF, datetime.now(UTC))


def test_no_older_than_the_workload() -> None:
    server = OtherEtcd(200)
    read(server)
    asked = {"labelSelector": "app=shop", "resourceVersion": "17", "resourceVersionMatch": "NotOlderThan"}
    assert server.lists == [asked]


def test_a_version_that_is_not_known_there() -> None:
    server = OtherEtcd(504)
    read(server)
    assert server.lists[1:] == [{"labelSelector": "app=shop"}]


def test_another_failure_is_one() -> None:
    with pytest.raises(ApiError):
        read(OtherEtcd(500))
