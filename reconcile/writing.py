"""Guarded writes of PrometheusRules: the workload is read again before each, and only one of two writers can win."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from receiver.logs import log
from reconcile.rule_object import RuleObject, path_of, read_rule_object
from reconcile.workload import Workload, read_workload
from rules.names import RULES_ENABLED, RULES_LABEL

Body = Callable[[Workload], JsonObject | None]
"""The object that a workload asks for as it is now; None where it asks for none, or for one that can't be made."""


class Outcome(Enum):
    """How a write ended."""

    DONE = auto()
    MOVED = auto()
    """Something had changed meanwhile: the next pass sees what."""
    NAME_TAKEN = auto()


class Writer:
    """Everything here raises `ApiError`, also where the API server refuses the object."""

    def __init__(self, api: Api, *, by_label: bool) -> None:
        """`by_label` says that namespaces opt in by their label; else whoever runs this has named them."""
        self._api = api
        self._by_label = by_label

    def write(self, workload: Workload, present: RuleObject | None, body: Body) -> tuple[Outcome, JsonObject | None]:
        """Make the workload's object, or bring it in line, and give it as the API server has it then."""
        current = self._read(workload)
        wanted = body(current) if current is not None and current.uid == workload.uid else None
        if current is None or wanted is None:
            return Outcome.MOVED, None
        if present is None:
            return self._create(current, wanted)
        if present.is_as(wanted):
            return Outcome.DONE, None
        metadata = {key: wanted["metadata"][key] for key in ("labels", "ownerReferences")}
        guard = {"uid": present.uid, "resourceVersion": present.version}
        patch = {"metadata": {**metadata, **guard}, "spec": wanted["spec"]}
        try:
            item = self._api.merge_patch(present.path, patch, fieldManager=names.FIELD_MANAGER)
        except ApiError as error:
            if error.status in (404, 409):
                return Outcome.MOVED, None
            raise
        log("rule object changed", object=str(present), workload=str(current))
        return Outcome.DONE, item

    def _create(self, workload: Workload, wanted: JsonObject) -> tuple[Outcome, JsonObject | None]:
        namespace, name = workload.namespace, workload.object_name
        try:
            item = self._api.create(path_of(namespace), wanted, fieldManager=names.FIELD_MANAGER)
        except ApiError as error:
            if error.status != 409:
                raise
            return (Outcome.MOVED if self._is_ours(namespace, name) else Outcome.NAME_TAKEN), None
        log("rule object made", object=f"PrometheusRule {namespace}/{name}", workload=str(workload))
        return Outcome.DONE, item

    def _is_ours(self, namespace: str, name: str) -> bool:
        """Whether the other replica has made it, or it is gone again."""
        try:
            return read_rule_object(self._api.get(path_of(namespace, name))).is_ours
        except ApiError as error:
            if error.status == 404:
                return True
            raise

    def remove(self, present: RuleObject) -> Outcome:
        """Delete an object whose workload does not ask for it any more, if that is still so."""
        assert present.owner is not None  # noqa: S101 - it is ours
        kind, name, uid = present.owner
        current = self._read(Workload(kind, present.namespace, name, uid))
        if current is None or (current.asked and self._is_opted_in(present.namespace)):
            return Outcome.MOVED
        guard = {"uid": present.uid, "resourceVersion": present.version}
        try:
            self._api.delete(present.path, {"preconditions": guard})
        except ApiError as error:
            if error.status in (404, 409):
                return Outcome.MOVED
            raise
        log("rule object removed", object=str(present), workload=str(current))
        return Outcome.DONE

    def _read(self, workload: Workload) -> Workload | None:
        try:
            return read_workload(workload.kind, self._api.metadata(workload.path))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def _is_opted_in(self, namespace: str) -> bool:
        if not self._by_label:
            return True
        try:
            metadata = self._api.metadata(object_path("v1", "namespaces", name=namespace))["metadata"]
        except ApiError as error:
            if error.status == 404:
                return True  # What is in it goes with it.
            raise
        return (metadata.get("labels") or {}).get(RULES_LABEL) == RULES_ENABLED
