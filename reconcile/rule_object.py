"""PrometheusRule objects that belong to workloads: as they are, and as they should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from receiver.cluster.api import JsonObject, object_path
from receiver.workloads.apps import API_VERSION
from reconcile.workload import Workload
from rules.deployer.objects import COMPONENT, COMPONENT_LABEL, object_name, rule_set
from rules.group import RuleGroup
from rules.names import LABEL_BY_KIND
from rules.render import MANAGED_BY, prometheus_rule
from rules.rule_file import OPERATOR_API

PLURAL = "prometheusrules"
OURS = {**MANAGED_BY, COMPONENT_LABEL: COMPONENT}
SELECTOR = ",".join(f"{label}={value}" for label, value in sorted(OURS.items()))


@dataclass(frozen=True, slots=True)
class RuleObject:
    """What the API server has of one; `owner` is the workload that controls it, as (kind, name, uid)."""

    namespace: str
    name: str
    uid: str
    version: str
    owner: tuple[str, str, str] | None
    labels: Mapping[str, str] = field(default_factory=dict)
    spec: Any = None
    is_deleting: bool = False

    def __str__(self) -> str:
        return f"PrometheusRule {self.namespace}/{self.name}"

    @property
    def path(self) -> str:
        """Its API path."""
        return path_of(self.namespace, self.name)

    @property
    def is_ours(self) -> bool:
        """Whether we made it: it says so, and has the name that we give to its owner's. A copy of one has not."""
        if self.owner is None or any(self.labels.get(label) != value for label, value in OURS.items()):
            return False
        kind, name, _ = self.owner
        return kind in LABEL_BY_KIND and self.name == object_name(LABEL_BY_KIND[kind], name)

    def is_as(self, wanted: JsonObject) -> bool:
        """Whether it is as it should be, whatever others have added to its metadata."""
        metadata = wanted["metadata"]
        (owner,) = metadata["ownerReferences"]
        return (
            self.spec == wanted["spec"]
            and all(self.labels.get(label) == value for label, value in metadata["labels"].items())
            and self.owner == (owner["kind"], owner["name"], owner["uid"])
        )


def path_of(namespace: str | None, name: str | None = None) -> str:
    """The API path of all PrometheusRules, or of one."""
    return object_path(OPERATOR_API, PLURAL, namespace, name)


def read_rule_object(item: JsonObject) -> RuleObject:
    """A PrometheusRule of the API server."""
    metadata = item["metadata"]
    owners = [
        (str(owner["kind"]), str(owner["name"]), str(owner["uid"]))
        for owner in metadata.get("ownerReferences") or []
        if owner.get("controller") and owner["apiVersion"] == API_VERSION
    ]
    return RuleObject(
        metadata["namespace"],
        metadata["name"],
        metadata["uid"],
        metadata["resourceVersion"],
        owners[0] if len(owners) == 1 else None,
        metadata.get("labels") or {},
        item.get("spec"),
        is_deleting="deletionTimestamp" in metadata,
    )


def wanted_object(workload: Workload, groups: tuple[RuleGroup, ...], labels: Mapping[str, str]) -> JsonObject:
    """The PrometheusRule that a workload asks for; it is deleted with the workload, by the garbage collector.

    The owner need not wait for it (`blockOwnerDeletion`): that would take a right on the workload's finalizers.
    """
    made = prometheus_rule(rule_set(workload.namespace, workload.label, workload.name, groups, labels))
    owner = {
        "apiVersion": API_VERSION,
        "kind": workload.kind,
        "name": workload.name,
        "uid": workload.uid,
        "controller": True,
    }
    return {**made, "metadata": {**made["metadata"], "ownerReferences": [owner]}}
