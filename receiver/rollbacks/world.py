"""Read the world that a decision looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from receiver.cluster.api import Api, ApiError, may_be_name, object_path
from receiver.cluster.control import why_stopped
from receiver.decision.evidence import Evidence
from receiver.decision.values import Alert, Defaults, Interval, NamespaceFacts, Workload, WorkloadRef, World
from receiver.rollbacks.store import RollbackStore
from receiver.workloads.registry import KINDS

Clock = Callable[[], datetime]
Ask = Callable[[Alert, Interval | None, datetime], Evidence | None]
"""Asks the source about an alert and a rollout that began then; None where no source is known."""


def ask_nobody(_alert: Alert, _began: Interval | None, _now: datetime) -> Evidence | None:
    """Where no source is known."""
    return None


class WorldReader:
    """Reads everything fresh from the API server; nothing is remembered."""

    def __init__(
        self,
        api: Api,
        store: RollbackStore,
        defaults: Defaults,
        *,
        control_namespace: str,
        clock: Clock,
        ask: Ask = ask_nobody,
    ) -> None:
        self._ask = ask
        self._api = api
        self._store = store
        self._defaults = defaults
        self._control_namespace = control_namespace
        self._clock = clock

    def read(self, alert: Alert, ref: WorkloadRef) -> World:
        """The world around an alert and the workload that it names, without evidence.

        Raises `ApiError` where it can't be read.
        """
        workload = self.workload(ref)
        if workload is None:
            return World(alert=alert, now=self._clock(), defaults=self._defaults)
        return World(
            alert=alert,
            now=self._clock(),
            defaults=self._defaults,
            workload=workload,
            namespace=self._namespace(ref.namespace),
            rollbacks=tuple(rollback.as_past() for rollback in self._store.of_workload(ref)),
            stopped=why_stopped(self._api, self._control_namespace),
        )

    def with_evidence(self, world: World) -> World:
        """The same world with what the source says of it now."""
        began = world.workload.rollout_began if world.workload else None
        return replace(world, evidence=self._ask(world.alert, began, world.now))

    def workload(self, ref: WorkloadRef) -> Workload | None:
        """The workload alone; None where it does not exist."""
        if ref.kind not in KINDS or not may_be_name(ref.namespace) or not may_be_name(ref.name):
            return None
        return KINDS[ref.kind].read(self._api, ref, self._clock())

    def _namespace(self, name: str) -> NamespaceFacts:
        try:
            metadata = self._api.get(object_path("v1", "namespaces", name=name))["metadata"]
        except ApiError as error:
            if error.status == 404:
                return NamespaceFacts({}, {})
            raise
        return NamespaceFacts(metadata.get("labels") or {}, metadata.get("annotations") or {})
