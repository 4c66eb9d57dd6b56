"""The interface that every kind of workload fulfils."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Protocol

from receiver.cluster.api import Api, ApiError, JsonObject
from receiver.decision.templates import Template
from receiver.decision.values import Revision, Workload, WorkloadRef


class UndoRefusedError(Exception):
    """The API server will not take this undo, whatever is tried: the message says why."""


class WorldMovedError(Exception):
    """The workload changed between reading it and the PATCH: read and judge again."""


class WorkloadKind(Protocol):
    """How one kind of workload is read and undone. What the kinds do alike is in `apps.py`."""

    plural: ClassVar[str]
    """The resource's name, `deployments` for Deployments."""

    @property
    def unblocks(self) -> bool:
        """Whether `unblock` may have something to do."""

    def path(self, ref: WorkloadRef) -> str:
        """The object's API path."""

    def collection(self, namespace: str | None) -> str:
        """The API path of all objects of the kind, or of a namespace's."""

    def alone(self, item: JsonObject, now: datetime) -> Workload:
        """The values of an object of a list without its history: no revision is known."""

    def with_history(self, api: Api, item: JsonObject, now: datetime) -> Workload:
        """The values of an object of a list with its revisions. Raises `ApiError`."""

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

    def is_settled(self, workload: Workload) -> bool:
        """Whether there is nothing for `settle_ownership` to do."""

    def settle_ownership(self, api: Api, ref: WorkloadRef) -> bool:
        """Leave the fields that the undo wrote to whoever applies the workload. Can be repeated by anybody.

        Returns False where it is to be tried again. Raises `ApiError`.
        """

    def unblock(self, api: Api, workload: Workload, blamed: Revision) -> str:
        """Take away what keeps the restored template from rolling out: at most one pod of the blamed revision.

        To be called only after the stop switch was read. Returns the pod's name, empty where nothing was to be done.
        Raises `ApiError`.
        """

    def why_blocked(self, api: Api, workload: Workload, now: datetime) -> str:
        """What holds the rollout of the current template up, in words; empty where nothing is known to.

        Raises `ApiError`.
        """


def is_guard(error: ApiError) -> bool:
    """Whether a `test` of a JSON patch did not hold, or the object was written meanwhile: the change itself was not
    judged. A failed `test` comes without field causes: "the server rejected our request due to an error in our
    request"."""
    return error.status == 409 or (error.status == 422 and "is invalid:" not in error.message)
