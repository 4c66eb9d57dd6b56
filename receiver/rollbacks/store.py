"""Rollbacks in the API server: create, find, and the guarded move to another phase."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from receiver.decision.phases import Phase, check_transition
from receiver.decision.values import WorkloadRef
from receiver.logs import log
from receiver.rollbacks.record import Rollback, read_rollback, record_labels

PhaseObserver = Callable[[Rollback], None]


class LostRaceError(Exception):
    """Somebody else moved the record first: read it again."""


class RollbackStore:
    """The records of one cluster, or of one namespace where `namespace` is given."""

    def __init__(self, api: Api, *, namespace: str | None = None, on_phase: PhaseObserver | None = None) -> None:
        self._api = api
        self._namespace = namespace
        self._on_phase = on_phase

    def create(self, body: JsonObject) -> Rollback | None:
        """Create a record; None where the name is taken. Raises `ApiError` for every other refusal.

        A 409 alone does not say that: a quota that is being updated answers with a Conflict as well.
        """
        path = object_path(names.API_VERSION, names.ROLLBACKS, body["metadata"]["namespace"])
        try:
            rollback = read_rollback(self._api.create(path, body, fieldManager=names.FIELD_MANAGER))
        except ApiError as error:
            if error.status == 409 and error.reason == "AlreadyExists":
                return None
            raise
        self._observe(rollback)
        return rollback

    def get(self, namespace: str, name: str) -> Rollback | None:
        """One record; None where it does not exist."""
        try:
            return read_rollback(self._api.get(object_path(names.API_VERSION, names.ROLLBACKS, namespace, name)))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def of_workload(self, ref: WorkloadRef) -> list[Rollback]:
        """All records of the workload's namespace, kind and name."""
        selector = ",".join(f"{key}={value}" for key, value in record_labels(ref).items())
        items = self._api.get(object_path(names.API_VERSION, names.ROLLBACKS, ref.namespace), labelSelector=selector)[
            "items"
        ]
        # A label holds a shortened name where the name is long: the record itself decides.
        return [rollback for rollback in readable(items) if rollback.ref == ref]

    def all(self) -> list[Rollback]:
        """Every record that can be read. Raises `ApiError`."""
        items = self._api.get(object_path(names.API_VERSION, names.ROLLBACKS, self._namespace))["items"]
        return readable(items)

    def move(self, rollback: Rollback, phase: Phase, **fields: Any) -> Rollback:
        """Move the record to another phase and set status fields; only one mover can win.

        Raises `LostRaceError` where the record has changed since it was read, `IllegalTransition` where the phase
        table has no such arrow.
        """
        check_transition(rollback.phase, phase)
        moved = self.note(rollback, phase=str(phase), **fields)
        self._observe(moved)
        return moved

    def note(self, rollback: Rollback, **fields: Any) -> Rollback:
        """Set status fields without a change of phase, under the same guard. A field of None is removed."""
        body = {"metadata": {"resourceVersion": rollback.resource_version}, "status": fields}
        path = object_path(names.API_VERSION, names.ROLLBACKS, rollback.ref.namespace, rollback.name, "status")
        try:
            return read_rollback(self._api.merge_patch(path, body, fieldManager=names.FIELD_MANAGER))
        except ApiError as error:
            if error.status in (404, 409):
                raise LostRaceError(str(error)) from error
            raise

    def _observe(self, rollback: Rollback) -> None:
        if self._on_phase is not None:
            self._on_phase(rollback)


def readable(items: list[JsonObject]) -> list[Rollback]:
    """The records that have the schema's shape; one that somebody made by hand must not stop the others."""
    found: list[Rollback] = []
    for item in items:
        try:
            found.append(read_rollback(item))
        except ValueError as error:
            log("record ignored", level=logging.WARNING, error=str(error))
    return found
