"""The budget's slots: one ConfigMap for all scopes, changed only under its resourceVersion, so that replicas agree."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from receiver.cluster.rights import with_rights
from receiver.decision.budget import Limits, Slot, counted, why_over_budget
from receiver.logs import log
from receiver.rollbacks.record import Rollback
from receiver.timestamps import format_time, parse_time

MOST_TRIES = 8


@dataclass(frozen=True, slots=True)
class _Known:
    version: str
    slots: tuple[Slot, ...]


class Budget:
    """The undos of the last while, as the cluster has them written down.

    What is remembered here only saves a read: a slot is taken by a PATCH that holds only if nothing has changed since.
    """

    def __init__(self, api: Api, namespace: str, limits: Limits, *, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._path = object_path("v1", "configmaps", namespace, names.BUDGET_CONFIGMAP)
        self._where = f"ConfigMap {namespace}/{names.BUDGET_CONFIGMAP}"
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._known: _Known | None = None

    def look(self) -> None:
        """Read what the other replicas have written. Raises `ApiError`."""
        self._remember(self._api.get(self._path))

    def why_over(self, namespace: str) -> str | None:
        """What was known when last looked: None where one more undo fits, or where nothing is known."""
        known = self._known
        return why_over_budget(known.slots, namespace, self._limits, self._clock()) if known else None

    def take(self, rollback: Rollback) -> str | None:
        """Take a slot for an undo that is about to be sent; one that it has already is its own.

        Returns None where it has one now, else why not, in words. Raises `ApiError` where the API server did not do
        its part; without the ConfigMap, or the right to it, there is no budget.
        """
        holder, namespace = holder_of(rollback), rollback.ref.namespace

        def taken(slots: tuple[Slot, ...]) -> tuple[Slot, ...] | str | None:
            if any(slot.holder == holder for slot in slots):
                return None
            over = why_over_budget(slots, namespace, self._limits, self._clock())
            return over or (*slots, Slot(holder, namespace, self._clock()))

        return self._change(taken)

    def give_back(self, rollback: Rollback) -> None:
        """The undo was not sent after all. One that can't be given back counts until its time has passed."""
        holder = holder_of(rollback)

        def without(slots: tuple[Slot, ...]) -> tuple[Slot, ...] | str | None:
            kept = tuple(slot for slot in slots if slot.holder != holder)
            return None if kept == slots else kept

        try:
            self._change(without)
        except ApiError as error:
            log("budget slot not given back", level=logging.WARNING, rollback=rollback.name, error=str(error))

    def _change(self, change: Callable[[tuple[Slot, ...]], tuple[Slot, ...] | str | None]) -> str | None:
        """Make a change of the slots: None leaves them as they are, words refuse."""
        with self._lock:  # Threads of one replica need not race each other.
            for _ in range(MOST_TRIES):
                try:
                    known = self._known or self._remember(with_rights(self._api, self._ask))
                    after = change(counted(known.slots, self._limits, self._clock()))
                    if after is None or isinstance(after, str):
                        return after
                    body = {
                        "metadata": {"resourceVersion": known.version},
                        "data": {names.BUDGET_KEY: write_slots(after)},
                    }
                    self._remember(with_rights(self._api, partial(self._write, body)))
                except ApiError as error:
                    self._known = None
                    if error.status == 409:
                        continue
                    if error.status in (403, 404):
                        return f"{self._where} cannot be read and written: {error.status} {error.reason}"
                    raise
                else:
                    return None
        raise ApiError(409, f"{self._where} was changed by others {MOST_TRIES} times")

    def _ask(self) -> JsonObject:
        return self._api.get(self._path)

    def _write(self, body: JsonObject) -> JsonObject:
        return self._api.merge_patch(self._path, body, fieldManager=names.FIELD_MANAGER)

    def _remember(self, item: JsonObject) -> _Known:
        known = _Known(item["metadata"]["resourceVersion"], read_slots(item.get("data") or {}))
        self._known = known
        return known


def holder_of(rollback: Rollback) -> str:
    """Who holds a slot: the record and its attempt."""
    return f"{rollback.ref.namespace}/{rollback.name}/{rollback.attempt}"


def write_slots(slots: Iterable[Slot]) -> str:
    """The slots as the ConfigMap keeps them, one a line."""
    return "\n".join(json.dumps([format_time(slot.taken_at), slot.namespace, slot.holder]) for slot in slots)


def read_slots(data: JsonObject) -> tuple[Slot, ...]:
    """The slots of a ConfigMap's data; a line that can't be read counts for nothing."""
    found = []
    for line in str(data.get(names.BUDGET_KEY) or "").splitlines():
        try:
            taken_at, namespace, holder = json.loads(line)
            found.append(Slot(str(holder), str(namespace), parse_time(taken_at)))
        except (ValueError, TypeError):
            log("budget slot ignored", level=logging.WARNING, line=line[:200])
    return tuple(found)
