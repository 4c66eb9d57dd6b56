"""What the kinds of apps/v1 do alike: read an object and its history, send the undo, settle who owns what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from receiver.decision.templates import Template
from receiver.decision.values import Revision, Workload, WorkloadRef
from receiver.workloads.blocking_pods import blocking_pods
from receiver.workloads.kind import UndoRefusedError, WorldMovedError, is_guard
from receiver.workloads.ownership import settle_ownership, settling_operations
from receiver.workloads.revisions import label_selector
from receiver.workloads.undo import undo_operations

API_VERSION = "apps/v1"
UNKNOWN_VERSION_STATUS = 504
"""The API server's answer where its cache does not come to a version in time: the history may be in an etcd of its own,
which counts for itself."""


class AppsKind:
    """A kind of apps/v1 (see `WorkloadKind`); a subclass says what differs."""

    kind: ClassVar[str]
    """Objects of a list do not say theirs."""
    plural: ClassVar[str]
    history: ClassVar[str]
    """The resource that keeps the revisions."""
    unblocks: ClassVar[bool] = False
    """Whether broken pods hold a rollout up, so that `unblock` takes them away."""

    def as_workload(self, item: JsonObject, history: list[JsonObject], now: datetime) -> Workload:
        """The values of an object and of those of its namespace's revisions that are its own."""
        raise NotImplementedError

    def restored_annotations(self, workload: Workload, target: Revision) -> Mapping[str, str]:
        """The annotations that the workload is to have after the undo, before those that stay are heeded."""
        raise NotImplementedError

    def path(self, ref: WorkloadRef) -> str:
        """The object's API path."""
        return object_path(API_VERSION, self.plural, ref.namespace, ref.name)

    def collection(self, namespace: str | None) -> str:
        """The API path of all objects of the kind, or of a namespace's."""
        return object_path(API_VERSION, self.plural, namespace)

    def alone(self, item: JsonObject, now: datetime) -> Workload:
        """The values of an object of a list without its history: no revision is known."""
        return self.as_workload({**item, "kind": self.kind}, [], now)

    def with_history(self, api: Api, item: JsonObject, now: datetime) -> Workload:
        """The values of an object of a list with its revisions."""
        return self.as_workload({**item, "kind": self.kind}, self._read_history(api, item), now)

    def read(self, api: Api, ref: WorkloadRef, now: datetime) -> Workload | None:
        """The object with its revisions; None where it does not exist."""
        try:
            item = api.get(self.path(ref))
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        return self.with_history(api, item, now)

    def _read_history(self, api: Api, item: JsonObject) -> list[JsonObject]:
        """The revisions that the selector matches, no older than the object as it was read.

        A list that asks for no version waits until the API server's cache has everything that anybody has written:
        up to 100 ms, each time, while something else in the cluster changes (docs/decisions/0010-benchmarks.md).
        """
        metadata = item["metadata"]
        path = object_path(API_VERSION, self.history, metadata["namespace"])
        selector = label_selector(item["spec"]["selector"])
        version = {"resourceVersion": metadata["resourceVersion"], "resourceVersionMatch": "NotOlderThan"}
        try:
            found: list[JsonObject] = api.get(path, labelSelector=selector, **version)["items"]
        except ApiError as error:
            if error.status != UNKNOWN_VERSION_STATUS:
                raise
            found = api.get(path, labelSelector=selector)["items"]
        return found

    def undo(
        self, api: Api, workload: Workload, target: Revision, template: Template, restored_by: JsonObject
    ) -> JsonObject:
        """One JSON patch with `test` on uid and generation: every status write moves resourceVersion, not these."""
        annotations = self.restored_annotations(workload, target)
        operations = undo_operations(workload, template, annotations, restored_by)
        try:
            return api.json_patch(self.path(workload.ref), operations, fieldManager=names.FIELD_MANAGER)
        except ApiError as error:
            if error.status == 404 or is_guard(error):
                raise WorldMovedError(str(error)) from error
            if error.is_transient:
                raise
            raise UndoRefusedError(str(error)) from error

    def is_settled(self, workload: Workload) -> bool:
        """Whether we own none of the fields that belong to whoever applies the workload."""
        return not settling_operations(workload.managed_fields, workload.annotations)

    def settle_ownership(self, api: Api, ref: WorkloadRef) -> bool:
        """The second step of the undo; see `ownership.settle_ownership`."""
        return settle_ownership(api, self.path(ref))

    def unblock(self, api: Api, workload: Workload, blamed: Revision) -> str:
        """Nothing to do: the kind's controller takes broken pods away by itself."""
        return ""

    def why_blocked(self, api: Api, workload: Workload, now: datetime) -> str:
        """Pods that are not ready or don't go away; without any, what the workload's own conditions say of new ones."""
        found = blocking_pods(api, workload, now)
        if found:
            return found
        conditions = (api.get(self.path(workload.ref)).get("status") or {}).get("conditions") or []
        failing = (c for c in conditions if c["type"] == "ReplicaFailure" and c["status"] == "True")
        return next((f"{c.get('reason', 'ReplicaFailure')}: {c.get('message', '')}" for c in failing), "")
