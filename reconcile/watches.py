"""Workloads, our PrometheusRules and the namespaces that have opted in, as of a moment ago."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from receiver.cluster.differences import Differences
from receiver.cluster.rule_namespaces import watch_rule_namespaces
from receiver.cluster.served import is_served
from receiver.cluster.watched import Watched
from receiver.logs import log
from receiver.workloads.apps import API_VERSION
from receiver.workloads.registry import KINDS
from reconcile.plan import View
from reconcile.rule_object import SELECTOR, RuleObject, path_of, read_rule_object
from reconcile.workload import Workload, read_workload

NOT_SERVED = "PrometheusRule is not served: without prometheus-operator, `metricops rules sync --annotations` does this"


class Watches:
    """One list and watch per kind and namespace."""

    def __init__(self, api: Api, namespaces: Sequence[str], on_change: Callable[[], None]) -> None:
        """With `namespaces` only those are watched, and have opted in by being named; else the label says which."""
        self._api = api
        self._named = tuple(namespaces)
        self._on_change = on_change
        self._workloads = [
            self._of_workloads(kind, namespace) for kind in KINDS for namespace in self._named or (None,)
        ]
        self._objects = [self._of_objects(namespace) for namespace in self._named or (None,)]
        self._namespaces = [] if self._named else [watch_rule_namespaces(api, on_change)]
        self._running: list[Watched[Any]] = []

    def start(self) -> None:
        """Begin to watch what is served by now: PrometheusRules may come later. Raises `ApiError`."""
        self._run([*self._namespaces, *self._workloads])
        if self._objects[0] not in self._running:
            if not self._is_served():
                raise ApiError(404, NOT_SERVED, verb="GET", path=path_of(None))
            self._run(self._objects)

    def stop(self) -> None:
        """Start no further request."""
        for one in self._running:
            one.stop()

    def view(self) -> View | None:
        """What is there; None while anything of it may be old."""
        every: list[Watched[Any]] = [*self._workloads, *self._objects, *self._namespaces]
        if not all(one.is_current for one in every):
            return None
        opted_in = [name for one in self._namespaces for name in one.all()]
        return View(
            tuple(workload for one in self._workloads for workload in one.all()),
            tuple(item for one in self._objects for item in one.all()),
            frozenset(self._named or opted_in),
        )

    def _run(self, watched: Sequence[Watched[Any]]) -> None:
        for one in watched:
            if one not in self._running:
                self._running.append(one)
                one.start()

    def _is_served(self) -> bool:
        if not is_served(self._api, path_of(self._named[0] if self._named else None)):
            return False
        log("watching", kind="PrometheusRule", namespaces=", ".join(self._named))
        return True

    def _of_workloads(self, kind: str, namespace: str | None) -> Watched[Workload]:
        news = Differences[Workload](
            lambda one: (one.namespace, one.name), lambda one: bool(one.asked), self._on_change
        )
        path = object_path(API_VERSION, KINDS[kind].plural, namespace)
        return self._watch(path, partial(read_workload, kind), news.changed, on_gone=news.gone)

    def _of_objects(self, namespace: str | None) -> Watched[RuleObject]:
        return self._watch(
            path_of(namespace),
            read_rule_object,
            lambda _: self._on_change(),
            on_gone=lambda _: self._on_change(),
            selector={"labelSelector": SELECTOR},
        )

    def _watch(
        self,
        path: str,
        read: Callable[[JsonObject], Any],
        on_change: Callable[[Any], None],
        *,
        on_gone: Callable[[tuple[str, str]], None],
        selector: dict[str, str] | None = None,
    ) -> Watched[Any]:
        return Watched(
            self._api,
            path,
            read,
            selector=selector,
            on_change=on_change,
            on_gone=on_gone,
            on_state=lambda _: self._on_change(),
        )
