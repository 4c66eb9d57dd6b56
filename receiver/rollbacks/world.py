"""Read the world that a decision looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from receiver.cluster.api import Api, ApiError, JsonObject, may_be_name, object_path
from receiver.cluster.control import StopSwitch
from receiver.cluster.watched import Watched
from receiver.decision.evidence import Evidence
from receiver.decision.field_times import owns
from receiver.decision.policy import MODE_LABEL_PATH
from receiver.decision.templates import Template
from receiver.decision.values import Alert, Defaults, NamespaceFacts, Workload, WorkloadRef, World
from receiver.rollbacks.budget import Budget
from receiver.rollbacks.store import RollbackStore
from receiver.workloads.dependencies import read_dependencies
from receiver.workloads.registry import KINDS

Clock = Callable[[], datetime]
Ask = Callable[[Alert, Workload | None, datetime], Evidence | None]
"""Asks the source about an alert and the workload that it names; None where no source is known."""


def ask_nobody(_alert: Alert, _workload: Workload | None, _now: datetime) -> Evidence | None:
    """Where no source is known."""
    return None


class WorldReader:
    """Reads the world: the workload from the API server, the rest from what is watched, where that is current."""

    def __init__(
        self,
        api: Api,
        store: RollbackStore,
        switch: StopSwitch,
        defaults: Defaults,
        *,
        clock: Clock,
        ask: Ask = ask_nobody,
        budget: Budget | None = None,
        namespaces: Watched[JsonObject] | None = None,
        checks_secrets: bool = False,
    ) -> None:
        """`checks_secrets` says that there is a right to look whether a Secret exists."""
        self._ask = ask
        self._api = api
        self._store = store
        self._switch = switch
        self._defaults = defaults
        self._clock = clock
        self._budget = budget
        self._namespaces = namespaces
        self._checks_secrets = checks_secrets

    def read(self, alert: Alert, ref: WorkloadRef, *, before_write: bool = False) -> World:
        """The world around an alert and the workload that it names, without evidence.

        `before_write` asks the API server itself for the stop switch. Raises `ApiError` where it can't be read.
        """
        workload = self.workload(ref)
        if workload is None:
            return World(alert=alert, now=self._clock(), defaults=self._defaults)
        return self._around(alert, workload, before_write=before_write)

    def again(self, world: World) -> World:
        """The world around a workload that was read a moment ago, before an undo whose guard tells if it has changed
        since. Raises `ApiError`.
        """
        if world.workload is None:
            return world
        around = self._around(world.alert, world.workload, before_write=True)
        return replace(around, dependencies=world.dependencies)

    def workload_alone(self, alert: Alert, ref: WorkloadRef) -> World:
        """What is enough to follow an undo: the workload, and nothing else. Raises `ApiError`."""
        return World(alert=alert, now=self._clock(), defaults=self._defaults, workload=self.workload(ref))

    def with_evidence(self, world: World) -> World:
        """The same world with what the source says of it now."""
        return replace(world, evidence=self._ask(world.alert, world.workload, world.now))

    def with_dependencies(self, world: World, template: Template, template_hash: str) -> World:
        """The same world with what is found of the objects that a template uses. Raises `ApiError`."""
        if world.workload is None:
            return world
        namespace = world.workload.ref.namespace
        found = read_dependencies(self._api, namespace, template, template_hash, secrets=self._checks_secrets)
        return replace(world, dependencies=found)

    def why_stopped(self) -> str | None:
        """The stop switch, read now. Raises `ApiError`."""
        return self._switch.read().stopped

    def _around(self, alert: Alert, workload: Workload, *, before_write: bool) -> World:
        namespace, switch = workload.ref.namespace, self._switch.read(fresh=before_write)
        return World(
            alert=alert,
            now=self._clock(),
            defaults=self._defaults,
            workload=workload,
            namespace=self.namespace(namespace),
            rollbacks=tuple(rollback.as_past() for rollback in self._store.of_workload(workload.ref)),
            stopped=switch.stopped,
            released_at=switch.released_at,
            over_budget=self._budget.why_over(namespace) if self._budget else None,
        )

    def workload(self, ref: WorkloadRef) -> Workload | None:
        """The workload alone; None where it does not exist."""
        if ref.kind not in KINDS or not may_be_name(ref.namespace) or not may_be_name(ref.name):
            return None
        return KINDS[ref.kind].read(self._api, ref, self._clock())

    @property
    def defaults(self) -> Defaults:
        """The policy where no annotation says otherwise."""
        return self._defaults

    def namespace(self, name: str) -> NamespaceFacts:
        """A namespace's labels and annotations; none where it does not exist. Raises `ApiError`."""
        known = self._namespaces.get("", name) if self._namespaces and self._namespaces.is_current else None
        try:
            item = known or _what_is_asked(self._api.get(object_path("v1", "namespaces", name=name)))
        except ApiError as error:
            if error.status == 404:
                return NamespaceFacts({}, {})
            raise
        metadata = item["metadata"]
        return NamespaceFacts(
            metadata.get("labels") or {},
            metadata.get("annotations") or {},
            tuple(metadata.get("managedFields") or ()),
        )


def watch_namespaces(api: Api) -> Watched[JsonObject]:
    """A watch of all namespaces, of which the labels and annotations are kept, and who wrote the opt-in."""
    return Watched(api, object_path("v1", "namespaces"), _what_is_asked)


def _what_is_asked(item: JsonObject) -> JsonObject:
    metadata = item["metadata"]
    kept = {key: metadata[key] for key in ("labels", "annotations") if key in metadata}
    writers = [entry for entry in metadata.get("managedFields") or [] if owns(entry, *MODE_LABEL_PATH)]
    return {"metadata": {**kept, **({"managedFields": writers} if writers else {})}}
