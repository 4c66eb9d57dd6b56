"""The objects of a cluster as of a moment ago, of the kinds that it serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from receiver.cluster.api import Api, ApiError, object_path
from receiver.cluster.watched import Watched
from receiver.logs import log
from sync.objects import KINDS, Kind, RuleObject, read_object


class Watches:
    """One list and watch per kind and namespace. A kind whose CRD is missing is asked for again now and then."""

    def __init__(
        self, api: Api, namespaces: Sequence[str], selector: str | None, on_change: Callable[[], None]
    ) -> None:
        """Without `namespaces` all of them are watched; `selector` is one of labels."""
        self._api = api
        self._namespaces: Sequence[str | None] = namespaces or (None,)
        self._selector = {"labelSelector": selector} if selector else {}
        self._on_change = on_change
        self._watched: dict[Kind, list[Watched[RuleObject]]] = {}

    def start(self) -> None:
        """Begin to watch every kind that is served by now. Raises `ApiError`."""
        for kind in self._served():
            if kind not in self._watched:
                self._watched[kind] = self._of_kind(kind)
                log("watching", kind=kind.kind, namespaces=", ".join(map(str, self._namespaces)).replace("None", ""))
                for one in self._watched[kind]:
                    one.start()

    def stop(self) -> None:
        """End all of them."""
        for watched in self._watched.values():
            for one in watched:
                one.stop()

    def objects(self) -> tuple[list[RuleObject], set[str]]:
        """The objects, and the short kinds of which these are all; other kinds' are left out."""
        current = {kind for kind, watched in self._watched.items() if all(one.is_current for one in watched)}
        found = [value for kind in KINDS if kind in current for one in self._watched[kind] for value in one.all()]
        return found, {kind.short for kind in current}

    def list_once(self) -> tuple[list[RuleObject], set[str]]:
        """The same by one list of everything. Raises `ApiError`."""
        served = self._served()
        found = [
            read_object(kind, item)
            for kind in served
            for namespace in self._namespaces
            for item in self._api.get(object_path(kind.api_version, kind.plural, namespace), **self._selector)["items"]
        ]
        return found, {kind.short for kind in served}

    def _of_kind(self, kind: Kind) -> list[Watched[RuleObject]]:
        return [
            Watched(
                self._api,
                object_path(kind.api_version, kind.plural, namespace),
                partial(read_object, kind),
                selector=self._selector,
                on_change=lambda _: self._on_change(),
                on_gone=lambda _: self._on_change(),
                on_state=lambda _: self._on_change(),
            )
            for namespace in self._namespaces
        ]

    def _served(self) -> list[Kind]:
        return [kind for kind in KINDS if kind in self._watched or self._is_served(kind)]

    def _is_served(self, kind: Kind) -> bool:
        try:
            self._api.get(object_path(kind.api_version, kind.plural, self._namespaces[0]), limit="1")
        except ApiError as error:
            if error.status == 404:
                return False
            raise
        return True
