"""The interface that every kind of workload fulfils, and the registry of the kinds."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from receiver.cluster.api import Api, JsonObject
from receiver.decision.templates import Template
from receiver.decision.values import Revision, Workload, WorkloadRef


class UndoRefusedError(Exception):
    """The API server will not take this undo, whatever is tried: the message says why."""


class WorldMovedError(Exception):
    """The workload changed between reading it and the PATCH: read and judge again."""


class WorkloadKind(Protocol):
    """How one kind of workload is read and undone."""

    def read(self, api: Api, ref: WorkloadRef, now: datetime) -> Workload | None:
        """The workload as it is now, None where it does not exist. Raises `ApiError`."""

    def undo(
        self, api: Api, workload: Workload, target: Revision, template: Template, restored_by: JsonObject
    ) -> JsonObject:
        """Bring `template` (the target revision's) back and note `restored_by` on the workload, in one PATCH.

        Guarded by the uid and generation of `workload`. Returns the object that the API server answered with.
        Raises `WorldMovedError` where the guard does not hold, `UndoRefusedError` where the server refuses the
        change itself, `ApiError` where the outcome is unknown.
        """
