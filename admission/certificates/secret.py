"""The Secret in which all replicas find the same certificates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from admission.certificates.contents import Contents, read_contents, write_contents
from receiver.cluster.api import Api, ApiError, JsonObject, object_path

LABELS = {"app.kubernetes.io/name": "metricops", "app.kubernetes.io/component": "admission"}


class MovedError(Exception):
    """Somebody else has written meanwhile: look again."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the Secret holds. `item` is the object as it was read; None where there is none."""

    contents: Contents
    item: JsonObject | None = field(default=None, repr=False)


class CertificateSecret:
    """One Secret by its name. Two writers never both succeed from the same state."""

    def __init__(self, api: Api, namespace: str, name: str) -> None:
        self._api = api
        self._namespace = namespace
        self._name = name

    def __str__(self) -> str:
        return f"Secret {self._namespace}/{self._name}"

    def read(self) -> Stored:
        """As it is now, by the API server's storage and not by a cache. Raises `ApiError`; 404 is no error."""
        try:
            item = self._api.get(self._path(self._name))
        except ApiError as error:
            if error.status != 404:
                raise
            return Stored(read_contents({}))
        return _stored(item)

    def write(self, stored: Stored, contents: Contents) -> Stored:
        """Put other contents in the place of those that were read. Raises `ApiError`, and `MovedError`."""
        try:
            if stored.item is None:
                return _stored(self._api.create(self._path(), self._new(contents)))
            # The other entries, and the type, are whoever's made it. The resourceVersion in it guards the write.
            data = {**(stored.item.get("data") or {}), **write_contents(contents)}
            return _stored(self._api.replace(self._path(self._name), {**stored.item, "data": data}))
        except ApiError as error:
            if error.status == 409 or (error.status == 404 and stored.item is not None):
                raise MovedError(str(error)) from error
            raise

    def _new(self, contents: Contents) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": self._name, "namespace": self._namespace, "labels": LABELS},
            "type": "kubernetes.io/tls",
            "data": write_contents(contents),
        }

    def _path(self, name: str | None = None) -> str:
        return object_path("v1", "secrets", self._namespace, name)


def _stored(item: JsonObject) -> Stored:
    return Stored(read_contents(item.get("data") or {}), item)
