"""ConfigMaps and Secrets of the pods, read once for all pods that use them and kept for a moment."""

from __future__ import annotations

import base64
import threading
import time
from dataclasses import dataclass

from receiver.cluster.api import Api, ApiError, JsonObject, object_path

PLURALS = {"ConfigMap": "configmaps", "Secret": "secrets"}


class ObjectUnreadableError(Exception):
    """The API server could not tell what an object holds."""


@dataclass(frozen=True)
class _Seen:
    at: float
    value: dict[str, bytes] | None


class Objects:
    """The keys and values of ConfigMaps and Secrets. Safe to share between threads."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._seen: dict[tuple[str, str, str], _Seen] = {}
        self._lock = threading.Lock()

    def values(self, kind: str, namespace: str, name: str, *, max_age: float = 0.0) -> dict[str, bytes] | None:
        """The object's values, at most `max_age` seconds old; None where it does not exist.

        Raises `ObjectUnreadableError` where the API server cannot tell.
        """
        key = (kind, namespace, name)
        with self._lock:
            seen = self._seen.get(key)
        now = time.monotonic()
        if seen is not None and seen.value is not None and now - seen.at < max_age:
            return seen.value
        value: dict[str, bytes] | None = None
        try:
            value = _values(self._api.get(object_path("v1", PLURALS[kind], namespace, name)))
        except ApiError as error:
            if error.status != 404:
                raise ObjectUnreadableError(f"{kind} {namespace}/{name}: {error}") from error
        with self._lock:
            self._seen[key] = _Seen(now, value)
        return value


def _values(found: JsonObject) -> dict[str, bytes]:
    decoded = {key: base64.b64decode(value) for key, value in (found.get("binaryData") or {}).items()}
    data = found.get("data") or {}
    if found["kind"] == "Secret":
        return {key: base64.b64decode(value) for key, value in data.items()}
    return decoded | {key: value.encode() for key, value in data.items()}
