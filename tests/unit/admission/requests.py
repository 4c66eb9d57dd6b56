"""Requests as the API server makes them."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

from admission.review import AdmissionRequest
from receiver.decision.templates import template_hash
from receiver.workloads.stamp import ReleaseStamp

RELEASE = "metricops.dev/release"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EARLIER = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
RECEIVER = "system:serviceaccount:metricops-system:metricops-receiver"
PERSON = "jane@example.com"
Item = dict[str, Any]


def workload(image: str = "shop:1", annotations: dict[str, str] | None = None, **spec: Any) -> Item:
    """A Deployment of one container; `annotations` None is an object without any."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "shop",
            "namespace": "shop",
            "labels": {"metricops.dev/rollback": "enabled"},
            **({} if annotations is None else {"annotations": annotations}),
        },
        "spec": {
            "replicas": 2,
            "template": {
                "metadata": {"labels": {"app": "shop"}, "creationTimestamp": None},
                "spec": {"containers": [{"name": "main", "image": image}]},
            },
            **spec,
        },
    }


def request(item: Item, old: Item | None = None, **changes: Any) -> AdmissionRequest:
    """Somebody writes `item` in place of `old`."""
    given: dict[str, Any] = {
        "uid": "7e3f",
        "operation": "UPDATE" if old else "CREATE",
        "kind": "Deployment",
        "namespace": "shop",
        "username": PERSON,
        **changes,
    }
    return AdmissionRequest(item=item, old=old, **given)


def stamp_of(item: Item, **facts: Any) -> ReleaseStamp:
    """A stamp for the item's template, of a release of some hours ago."""
    given: dict[str, Any] = {"rollout_began": EARLIER, "released_at": EARLIER, "who": "ci", **facts}
    return ReleaseStamp(template_hash(item["spec"]["template"]), **given)


def stamped(item: Item, stamp: ReleaseStamp | str | None = None) -> Item:
    """The item with a stamp; by default one for its template."""
    text = stamp if isinstance(stamp, str) else (stamp or stamp_of(item)).text()
    item = copy.deepcopy(item)
    item["metadata"]["annotations"] = {**(item["metadata"].get("annotations") or {}), RELEASE: text}
    return item


def patched(item: Item, patch: tuple[dict[str, Any], ...]) -> Item:
    """The item after a JSON patch of `add` and `remove` operations on objects (RFC 6902)."""
    item = copy.deepcopy(item)
    for operation in patch:
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        place = item
        for part in parents:
            place = place[part]
        if operation["op"] == "remove":
            del place[last]
        else:
            assert operation["op"] == "add"
            place[last] = operation["value"]
    return item
