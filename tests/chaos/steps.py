"""Where in a rollback a request of the receiver stands: told from the requests themselves, never from a list."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from receiver.metrics import resource_of
from sandbox.faults import Request

LISTING = "any time, all"
WATCH = "any time, a watch"
SHARED = "any time"
FINISHED = "finished"


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """One request: after which write of the rollback, its verb, its resource."""

    after: str
    verb: str
    resource: str

    @property
    def is_shared(self) -> bool:
        """Whether it serves all rounds: lists, watches, the stop switch, the budget."""
        return self.after in (LISTING, WATCH, SHARED)

    def __str__(self) -> str:
        return f"{self.after or 'delivery'}: {self.verb} {self.resource}"


class Tracker:
    """Follows each workload (each has a namespace of its own) through its rollback by what its writes said."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._lock = threading.Lock()
        self._after: dict[str, str] = {}
        self.seen: dict[Step, int] = {}
        """How often each step was taken, in the order of the first time."""

    def begin(self, namespace: str) -> None:
        """A new round of this workload."""
        with self._lock:
            self._after[namespace] = ""

    def locate(self, request: Request) -> tuple[str, Step] | None:
        """The namespace and the step of a request, an empty namespace for what serves all rounds; None for what
        belongs to none.
        """
        path = urlsplit(request.path).path
        resource, namespace = resource_of(path), namespace_of(request.path)
        if request.is_watch:
            return "", Step(WATCH, request.verb, resource)
        if resource == "configmaps":
            return "", Step(SHARED, request.verb, path.rpartition("/")[2])
        if request.verb == "GET" and not namespace:
            return "", Step(LISTING, request.verb, resource)
        if resource == "rollbacks" and request.verb == "GET" and "labelSelector" not in request.path:
            resource = "rollback"
        with self._lock:
            after = self._after.get(namespace)
        if not namespace.startswith(self._prefix) or after is None or after == FINISHED:
            return None
        return namespace, Step(after, request.verb, resource)

    def note(self, step: Step) -> None:
        """A step was taken."""
        with self._lock:
            self.seen[step] = self.seen.get(step, 0) + 1

    def accepted(self, namespace: str, request: Request) -> None:
        """The API server has accepted this request."""
        after = meaning(request)
        if after:
            with self._lock:
                if namespace in self._after:
                    self._after[namespace] = after


def meaning(request: Request) -> str:
    """What an accepted write means for the rollback; empty for what leaves it where it is."""
    resource = resource_of(urlsplit(request.path).path)
    if (request.verb, resource) == ("POST", "rollbacks"):
        return "claim"
    if (request.verb, resource) == ("PATCH", "deployments"):
        return "undo"
    if (request.verb, resource) == ("PATCH", "rollbacks/status"):
        status = json.loads(request.body)["status"]
        if status.get("recoveryUnknown"):
            return FINISHED
        return str(status.get("phase") or "")
    return ""


def namespace_of(path: str) -> str:
    """The namespace that an API path names, also `/api/v1/namespaces/NAME` itself; empty where it names none."""
    parts = urlsplit(path).path.strip("/").split("/")
    at = parts.index("namespaces") if "namespaces" in parts else len(parts)
    return parts[at + 1] if at + 1 < len(parts) else ""
