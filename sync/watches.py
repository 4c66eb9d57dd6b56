"""The objects of a cluster as of a moment ago, of the kinds that it serves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

from receiver.cluster.api import Api, object_path
from receiver.cluster.differences import Differences
from receiver.cluster.rule_namespaces import list_rule_namespaces, watch_rule_namespaces
from receiver.cluster.served import is_served
from receiver.cluster.watched import Watched
from receiver.logs import log
from rules.deployer.objects import COMPONENT, COMPONENT_LABEL, object_name
from sync.objects import KINDS, OBJECT_KINDS, PROMETHEUS_RULE, WORKLOAD_KINDS, Kind, RuleObject, read_object


class Watches:
    """One list and watch per kind and namespace. A kind whose CRD is missing is asked for again now and then."""

    def __init__(
        self,
        api: Api,
        namespaces: Sequence[str],
        selector: str | None,
        on_change: Callable[[], None],
        *,
        annotations: bool = False,
    ) -> None:
        """Without `namespaces` all of them are watched; `selector` is one of labels.

        With `annotations` workloads are objects as well: those of the named namespaces, else of those that have opted
        in by their label.
        """
        self._api = api
        self._namespaces: Sequence[str | None] = namespaces or (None,)
        self._named = frozenset(namespaces)
        self._selector = {"labelSelector": selector} if selector else {}
        self._on_change = on_change
        self._kinds = KINDS if annotations else OBJECT_KINDS
        self._watched: dict[Kind, list[Watched[RuleObject]]] = {}
        self._opted_in = watch_rule_namespaces(api, on_change) if annotations and not namespaces else None

    def start(self) -> None:
        """Begin to watch every kind that is served by now. Raises `ApiError`."""
        served = self._served()
        if self._opted_in is not None and not self._watched:
            self._opted_in.start()
        for kind in served:
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
        if self._opted_in is not None:
            self._opted_in.stop()

    def objects(self) -> tuple[list[RuleObject], set[str]]:
        """The objects, and the short kinds of which these are all; other kinds' are left out."""
        current = {kind for kind, watched in self._watched.items() if all(one.is_current for one in watched)}
        if PROMETHEUS_RULE in self._watched and PROMETHEUS_RULE not in current:
            current -= set(WORKLOAD_KINDS)  # Theirs may be among them.
        opted_in: Collection[str] = self._named
        if self._opted_in is not None:
            opted_in = self._opted_in.all()
            current -= set() if self._opted_in.is_current else set(WORKLOAD_KINDS)
        found = [value for kind in KINDS if kind in current for one in self._watched[kind] for value in one.all()]
        return asking(found, opted_in), self._known(current)

    def list_once(self) -> tuple[list[RuleObject], set[str]]:
        """The same by one list of everything. Raises `ApiError`."""
        served = self._served()
        found = [
            read_object(kind, item)
            for kind in served
            for namespace in self._namespaces
            for item in self._api.get(object_path(kind.api_version, kind.plural, namespace), **self._selector)["items"]
        ]
        opted_in: Collection[str] = self._named
        if self._opted_in is not None:
            opted_in = list_rule_namespaces(self._api)
        return asking(found, opted_in), self._known(served)

    def _known(self, kinds: Collection[Kind]) -> set[str]:
        """Where annotations are not asked for, it is known that there are none."""
        unasked = set(WORKLOAD_KINDS) - set(self._kinds) if kinds else set()
        return {kind.short for kind in {*kinds, *unasked}}

    def _of_kind(self, kind: Kind) -> list[Watched[RuleObject]]:
        return [self._of_namespace(kind, namespace) for namespace in self._namespaces]

    def _of_namespace(self, kind: Kind, namespace: str | None) -> Watched[RuleObject]:
        changed: Callable[[RuleObject], None] = lambda _: self._on_change()  # noqa: E731 - one of two
        gone: Callable[[tuple[str, str]], None] = lambda _: self._on_change()  # noqa: E731
        if kind in WORKLOAD_KINDS:
            news = Differences[RuleObject](
                lambda one: (one.namespace, one.name), lambda one: bool(one.spec), self._on_change
            )
            changed, gone = news.changed, news.gone
        return Watched(
            self._api,
            object_path(kind.api_version, kind.plural, namespace),
            partial(read_object, kind),
            selector=self._selector,
            on_change=changed,
            on_gone=gone,
            on_state=lambda _: self._on_change(),
        )

    def _served(self) -> list[Kind]:
        return [kind for kind in self._kinds if kind in self._watched or self._is_served(kind)]

    def _is_served(self, kind: Kind) -> bool:
        return is_served(self._api, object_path(kind.api_version, kind.plural, self._namespaces[0]))


def asking(objects: Iterable[RuleObject], opted_in: Collection[str]) -> list[RuleObject]:
    """Without the workloads that ask for nothing, may not, or have a PrometheusRule from the reconciler already."""
    found = list(objects)
    made = {
        (one.namespace, one.name)
        for one in found
        if one.kind is PROMETHEUS_RULE and one.labels.get(COMPONENT_LABEL) == COMPONENT
    }
    allowed = frozenset(opted_in)
    return [
        one
        for one in found
        if one.kind not in WORKLOAD_KINDS
        or (
            one.spec and one.namespace in allowed and (one.namespace, object_name(one.kind.short, one.name)) not in made
        )
    ]
