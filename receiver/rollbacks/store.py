"""Rollbacks in the API server: create, find, and the guarded move to another phase."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from receiver.cluster.watched import Watched
from receiver.decision.phases import Phase, check_transition
from receiver.decision.values import Alert, WorkloadRef
from receiver.logs import log
from receiver.rollbacks.record import Rollback, read_rollback, record_labels

PhaseObserver = Callable[[Rollback], None]


class LostRaceError(Exception):
    """Somebody else moved the record first: read it again."""


class RollbackStore:
    """The records of one cluster, or of one namespace where `namespace` is given.

    With `watched` (of `watch_rollbacks`) they are found without a request; what is written is guarded in any case.
    """

    def __init__(
        self,
        api: Api,
        *,
        namespace: str | None = None,
        on_phase: PhaseObserver | None = None,
        watched: Watched[Rollback] | None = None,
    ) -> None:
        self._api = api
        self._namespace = namespace
        self._on_phase = on_phase
        self._watched = watched

    def create(self, body: JsonObject) -> Rollback | None:
        """Create a record; None where the name is taken. Raises `ApiError` for every other refusal.

        A 409 alone does not say that: a quota that is being updated answers with a Conflict as well.
        """
        path = object_path(names.API_VERSION, names.ROLLBACKS, body["metadata"]["namespace"])
        try:
            rollback = self._kept(self._api.create(path, body, fieldManager=names.FIELD_MANAGER))
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

    def known(self, namespace: str, name: str) -> Rollback | None:
        """One record as of a moment ago; None where that is not known without a request."""
        return self._current.get(namespace, name) if self._current else None

    def standing_for(self, alert: Alert, ref: WorkloadRef) -> Rollback | None:
        """A record of this very alert that leaves nothing to decide, where that is known without a request."""
        for rollback in self._current.of_group(ref) if self._current else ():
            is_same = rollback.alert.fingerprint == alert.fingerprint and rollback.alert.starts_at == alert.starts_at
            if is_same and not rollback.may_be_claimed_again:
                return rollback
        return None

    def of_workload(self, ref: WorkloadRef) -> list[Rollback]:
        """All records of the workload's namespace, kind and name."""
        if self._current:
            return self._current.of_group(ref)
        selector = ",".join(f"{key}={value}" for key, value in record_labels(ref).items())
        items = self._api.get(object_path(names.API_VERSION, names.ROLLBACKS, ref.namespace), labelSelector=selector)[
            "items"
        ]
        # A label holds a shortened name where the name is long: the record itself decides.
        return [rollback for rollback in readable(items) if rollback.ref == ref]

    def all(self) -> list[Rollback]:
        """Every record that can be read. Raises `ApiError`."""
        if self._current:
            return self._current.all()
        items = self._api.get(object_path(names.API_VERSION, names.ROLLBACKS, self._namespace))["items"]
        return readable(items)

    def delete(self, rollback: Rollback) -> bool:
        """Delete a record as it was read; False where it is gone, or was written since. Raises `ApiError`."""
        path = object_path(names.API_VERSION, names.ROLLBACKS, rollback.ref.namespace, rollback.name)
        as_read = {"uid": rollback.uid, "resourceVersion": rollback.resource_version}
        try:
            self._api.delete(path, {"preconditions": as_read})
        except ApiError as error:
            if error.status in (404, 409):
                return False
            raise
        return True

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
            return self._kept(self._api.merge_patch(path, body, fieldManager=names.FIELD_MANAGER))
        except ApiError as error:
            if error.status in (404, 409):
                raise LostRaceError(str(error)) from error
            raise

    @property
    def is_known(self) -> bool:
        """Whether all records are at hand, so that looking at them costs no request."""
        return self._current is not None

    @property
    def _current(self) -> Watched[Rollback] | None:
        return self._watched if self._watched is not None and self._watched.is_current else None

    def _kept(self, item: JsonObject) -> Rollback:
        if self._watched is not None:
            self._watched.put(item)
        return read_rollback(item)

    def _observe(self, rollback: Rollback) -> None:
        if self._on_phase is not None:
            self._on_phase(rollback)


def watch_rollbacks(api: Api, namespace: str | None = None) -> Watched[Rollback]:
    """A watch of all records, or of one namespace's; found by workload."""
    path = object_path(names.API_VERSION, names.ROLLBACKS, namespace)
    return Watched(api, path, _readable, group=lambda rollback: rollback.ref)


def readable(items: list[JsonObject]) -> list[Rollback]:
    """The records that have the schema's shape; one that somebody made by hand must not stop the others."""
    return [rollback for rollback in map(_readable, items) if rollback is not None]


def _readable(item: JsonObject) -> Rollback | None:
    try:
        return read_rollback(item)
    except ValueError as error:
        log("record ignored", level=logging.WARNING, error=str(error))
        return None
