"""What is known of a workload: which rules it asks for, and who it is."""

from __future__ import annotations

from dataclasses import dataclass

from receiver.cluster.api import JsonObject, object_path
from receiver.workloads.apps import API_VERSION
from receiver.workloads.registry import KINDS
from rules.deployer.objects import object_name
from rules.deployer.workload_rules import ANNOTATIONS
from rules.names import LABEL_BY_KIND


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment, StatefulSet or DaemonSet; of its annotations only those that ask for rules.

    Nothing else of it makes a difference: a deploy that leaves them alone gives an equal value.
    """

    kind: str
    namespace: str
    name: str
    uid: str
    asked: tuple[tuple[str, str], ...] = ()
    is_deleting: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def label(self) -> str:
        """The label of its kind: deployment, statefulset or daemonset."""
        return LABEL_BY_KIND[self.kind]

    @property
    def object_name(self) -> str:
        """The name of its PrometheusRule."""
        return object_name(self.label, self.name)

    @property
    def path(self) -> str:
        """Its API path."""
        return object_path(API_VERSION, KINDS[self.kind].plural, self.namespace, self.name)

    @property
    def reference(self) -> JsonObject:
        """It as the object that an Event is about."""
        return {
            "apiVersion": API_VERSION,
            "kind": self.kind,
            "namespace": self.namespace,
            "name": self.name,
            "uid": self.uid,
        }


def read_workload(kind: str, item: JsonObject) -> Workload:
    """A workload from an object of the API server, or from its metadata alone."""
    metadata = item["metadata"]
    annotations = metadata.get("annotations") or {}
    return Workload(
        kind,
        metadata["namespace"],
        metadata["name"],
        metadata["uid"],
        tuple((name, annotations[name]) for name in ANNOTATIONS if name in annotations),
        is_deleting="deletionTimestamp" in metadata,
    )
