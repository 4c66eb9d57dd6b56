"""Walk over the workloads that have opted in, a bounded number of requests at a time.

Workloads are not watched (docs/decisions/0004-onset-and-rollout.md), and none but the opted-in are listed: those that
carry the label, and those of the namespaces that do. The order is by kind, first the labelled ones, then the
namespaces, each by name: it stays the same while things come and go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject
from receiver.cluster.watched import Watched
from receiver.decision.policy import InvalidPolicy, effective_policy
from receiver.decision.values import Defaults, Mode, NamespaceFacts, Workload
from receiver.intake.conformity import Conformity, Problem
from receiver.releases.cursor import Place
from receiver.releases.refusal import RefusedError
from receiver.workloads.registry import KINDS

CHUNK = 50
"""So many workloads are listed at once."""
MOST_REQUESTS = 30
"""So many requests one page may cost; a page that would cost more ends early."""

PLACE = Conformity(
    {
        "type": "object",
        "properties": {
            "kind": {"enum": list(KINDS)},
            "namespace": {"type": "string", "maxLength": 63},
            "chunk": {"type": "string", "maxLength": 1024},
            "after": {"type": "string", "maxLength": 320},
            "within": {"type": "string", "maxLength": 320},
            "below": {"type": "integer", "minimum": 0, "maximum": 2**63},
        },
        "required": ["kind", "namespace", "chunk", "after"],
        "additionalProperties": False,
    }
)
"""The shape of a position in a `continue`."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where the walk is: `namespace` is empty among the labelled ones of all namespaces, `chunk` the API server's own
    `continue`, `after` the last workload that is done with, as `namespace/name`."""

    kind: str
    namespace: str = ""
    chunk: str = ""
    after: str = ""

    def place(self, **more: Any) -> Place:
        """As a `continue` holds it."""
        at = {"kind": self.kind, "namespace": self.namespace, "chunk": self.chunk, "after": self.after}
        return {**at, **more}


@dataclass(frozen=True, slots=True)
class Found:
    """An opted-in workload, without its history: `item` is the object. `before` and `after` are where the walk was and
    is."""

    workload: Workload
    item: JsonObject
    mode: Mode
    mode_from: str
    problem: str
    before: Position
    after: Position


class Allowance:
    """How many requests are left."""

    def __init__(self, requests: int = MOST_REQUESTS) -> None:
        self.left = requests

    def take(self) -> bool:
        """Take one; False where none is left."""
        self.left -= 1
        return self.left >= 0


@dataclass(frozen=True, slots=True)
class Which:
    """Which workloads are asked for; empty: all of them."""

    namespace: str = ""
    kind: str = ""
    name: str = ""
    mode: str = ""

    @classmethod
    def of(cls, query: dict[str, Any]) -> Which:
        """Those that a query names."""
        return cls(*(str(query.get(name, "")) for name in ("namespace", "kind", "name", "mode")))


class OptedIn:
    """The opted-in workloads of the cluster, or of the one namespace that is `watched`."""

    def __init__(
        self,
        api: Api,
        defaults: Defaults,
        *,
        read_namespace: Callable[[str], NamespaceFacts],
        opted_in_namespaces: Callable[[], list[str]],
        clock: Callable[[], datetime],
        watched: str = "",
    ) -> None:
        self._api = api
        self._defaults = defaults
        self._read_namespace = read_namespace
        self._opted_in_namespaces = opted_in_namespaces
        self._clock = clock
        self._watched = watched

    def walk(self, which: Which, start: Position | None, allowance: Allowance) -> Iterator[Found | Position]:
        """Each workload in turn; a position as the last one says that there is more from there.

        Raises `RefusedError` (403 for another namespace than the watched one, 410 for a position that is too old), and
        `ApiError`.
        """
        if self._watched and which.namespace not in ("", self._watched):
            problem = Problem("namespace", repr(which.namespace), f"{self._watched}, the only one watched")
            raise RefusedError(403, [problem])
        which = replace(which, namespace=which.namespace or self._watched)
        facts = cache(self._read_namespace)
        for part in self._parts(which, start):
            at = part
            while True:
                if not allowance.take():
                    yield at
                    return
                answer = self._list(which, at, facts)
                for item in answer["items"]:
                    key = f"{item['metadata']['namespace']}/{item['metadata']['name']}"
                    if key <= at.after:
                        continue
                    before, at = at, replace(at, after=key)
                    found = self._found(which, item, before, at, facts)
                    if found is not None:
                        yield found
                more = answer["metadata"].get("continue")
                if not more:
                    break
                at = replace(at, chunk=more)

    def _parts(self, which: Which, start: Position | None) -> list[Position]:
        """The lists to be read, from the one that the walk is in: its namespace may have opted out since."""
        places = [which.namespace] if which.namespace else ["", *sorted(self._opted_in_namespaces())]
        kinds = [kind for kind in KINDS if which.kind in ("", kind)]
        parts = [Position(kind, namespace) for kind in kinds for namespace in places]
        if start is None:
            return parts
        return [start if _order(part) == _order(start) else part for part in parts if _order(part) >= _order(start)]

    def _list(self, which: Which, at: Position, facts: Callable[[str], NamespaceFacts]) -> JsonObject:
        query = {"limit": str(CHUNK)}
        if which.namespace:
            if names.MODE_LABEL not in facts(at.namespace).labels:
                query["labelSelector"] = names.MODE_LABEL
        else:
            query["labelSelector"] = f"!{names.MODE_LABEL}" if at.namespace else names.MODE_LABEL
        if which.name:
            query["fieldSelector"] = f"metadata.name={which.name}"
        if at.chunk:
            query["continue"] = at.chunk
        try:
            return self._api.get(KINDS[at.kind].collection(at.namespace or None), **query)
        except ApiError as error:
            if error.status in (400, 410) and at.chunk:
                problem = Problem("continue", "one that the API server takes no more", "none: begin again")
                raise RefusedError(error.status, [problem]) from error
            raise

    def _found(
        self, which: Which, item: JsonObject, before: Position, after: Position, facts: Callable[[str], NamespaceFacts]
    ) -> Found | None:
        workload = KINDS[after.kind].alone(item, self._clock())
        mode, mode_from, problem = Mode.DISABLED, "", ""
        try:
            policy = effective_policy(workload, facts(workload.ref.namespace), self._defaults)
            mode, mode_from = policy.mode, policy.mode_from
        except InvalidPolicy as error:
            problem = str(error)
        if (mode is Mode.DISABLED and not problem) or which.mode not in ("", mode):
            return None
        return Found(workload, item, mode, mode_from, problem, before, after)


def opted_in_namespaces(namespaces: Watched[JsonObject] | None) -> list[str]:
    """The namespaces that carry the label, as their watch knows them. Raises `RefusedError` (503) where it does not."""
    if namespaces is None or not namespaces.is_current:
        problem = Problem("namespaces", "a watch that is not open just now", "an API server that answers")
        raise RefusedError(503, [problem], retry_after=1)
    keys = namespaces.keys(lambda item: _mode_label(item) not in (None, Mode.DISABLED))
    return [name for _, name in keys]


def with_history(api: Api, found: Found, now: datetime) -> Workload:
    """A found workload with its revisions: one request. Raises `ApiError`."""
    return KINDS[found.workload.ref.kind].with_history(api, found.item, now)


def _mode_label(item: JsonObject) -> str | None:
    return (item["metadata"].get("labels") or {}).get(names.MODE_LABEL)


def _order(at: Position) -> tuple[int, str]:
    return list(KINDS).index(at.kind), at.namespace
