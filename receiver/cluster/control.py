"""The stop switch: ConfigMap metricops-control, key undo."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from receiver.cluster.rights import with_rights
from receiver.cluster.watched import Watched
from receiver.decision.field_times import written_by


@dataclass(frozen=True, slots=True)
class Position:
    """`stopped` is None while undos may happen, else the reason in words; `released_at` is by when they might."""

    stopped: str | None
    released_at: datetime | None = None


class StopSwitch:
    """The switch of one installation, in the receiver's namespace.

    With `watched` (of `watch_control`) it is known without a request; before every write it is read.
    """

    def __init__(self, api: Api, namespace: str, *, watched: Watched[JsonObject] | None = None) -> None:
        self._api = api
        self._namespace = namespace
        self._watched = watched

    def read(self, *, fresh: bool = True) -> Position:
        """Where it stands. What is missing or forbidden stops.

        Raises `ApiError` where the API server did not do its part: nothing is undone then either, but an alert that
        is refused for that would be lost, so it is judged again.
        """
        where = f"ConfigMap {self._namespace}/{names.CONTROL_CONFIGMAP}"
        known = None if fresh else self._known()
        if known is None:
            try:
                known = with_rights(self._api, self._ask)
            except ApiError as error:
                if error.status not in (403, 404):
                    raise
                return Position(f"{where} cannot be read: {error.status or 'no answer'} {error.reason}".rstrip())
        stopped = why_stopped(known, where)
        written = written_by(known["metadata"].get("managedFields") or (), "data", names.CONTROL_KEY)
        return Position(stopped, written if stopped is None else None)

    def _ask(self) -> JsonObject:
        return self._api.get(object_path("v1", "configmaps", self._namespace, names.CONTROL_CONFIGMAP))

    def _known(self) -> JsonObject | None:
        if self._watched is None or not self._watched.is_current:
            return None
        return self._watched.get(self._namespace, names.CONTROL_CONFIGMAP)


def why_stopped(control: JsonObject, where: str) -> str | None:
    """What the ConfigMap says: None for `run`, else the reason in words. `where` names it."""
    value = (control.get("data") or {}).get(names.CONTROL_KEY)
    if value == names.CONTROL_RUN:
        return None
    if value == names.CONTROL_STOP:
        return f"{where} says {names.CONTROL_STOP}"
    return f"{where}, key {names.CONTROL_KEY}: found {value!r}, expected {names.CONTROL_RUN} or {names.CONTROL_STOP}"


def watch_control(api: Api, namespace: str) -> Watched[JsonObject]:
    """A watch of the one ConfigMap, which RBAC allows by its name."""
    return Watched(
        api,
        object_path("v1", "configmaps", namespace),
        lambda item: item,
        selector={"fieldSelector": f"metadata.name={names.CONTROL_CONFIGMAP}"},
    )
