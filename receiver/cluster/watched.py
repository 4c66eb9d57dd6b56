"""The objects of one API path, kept in memory by a list and a watch, so that reading them costs no request."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable, Mapping
from datetime import timedelta
from typing import Generic, TypeVar

from receiver.cluster.api import Api, ApiError, JsonObject
from receiver.logs import log

Key = tuple[str, str]
T = TypeVar("T")
WATCH_SECONDS = 60
"""How long one watch lasts: also how long a connection that died in silence can go unnoticed, about."""

FIRST_PAUSE = timedelta(milliseconds=250)
LONGEST_PAUSE = timedelta(seconds=15)


class Watched(Generic[T]):
    """A collection as of a moment ago. Whoever needs certainty asks the API server, or writes under a guard.

    `read` makes the value that is kept of an object, None for one that is left out; `group` says by what values are
    found besides their key. `on_change` is called for each value that is new or different, unless it came by `put`;
    `on_gone` for each object that is deleted, or that the selector leaves out from now on.
    """

    def __init__(
        self,
        api: Api,
        path: str,
        read: Callable[[JsonObject], T | None],
        *,
        selector: Mapping[str, str] | None = None,
        group: Callable[[T], Hashable] | None = None,
        on_change: Callable[[T], None] | None = None,
        on_gone: Callable[[Key], None] | None = None,
        on_state: Callable[[bool], None] | None = None,
    ) -> None:
        self._api = api
        self._path = path
        self._read = read
        self._selector = dict(selector or {})
        self._group = group
        self.on_change = on_change
        self._on_gone = on_gone
        self._on_state = on_state
        self._lock = threading.Lock()
        self._versions: dict[Key, int] = {}
        self._values: dict[Key, T] = {}
        self._groups: dict[Hashable, set[Key]] = {}
        self._seen = 0
        self._current = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch {path.rpartition('/')[2]}", daemon=True)

    def start(self) -> None:
        """Start listing and watching."""
        self._thread.start()

    def stop(self) -> None:
        """Start no further request. The watch that is open ends with the process."""
        self._stopping.set()

    @property
    def is_current(self) -> bool:
        """Whether the collection was listed and is being watched; else it may be old, and says nothing."""
        return self._current

    def get(self, namespace: str, name: str) -> T | None:
        """The value of an object; None where none is known."""
        with self._lock:
            return self._values.get((namespace, name))

    def of_group(self, group: Hashable) -> list[T]:
        """The values of a group."""
        with self._lock:
            return [self._values[key] for key in sorted(self._groups.get(group, ()))]

    def all(self) -> list[T]:
        """Every value."""
        with self._lock:
            return list(self._values.values())

    def keys(self, where: Callable[[T], bool]) -> list[Key]:
        """The keys of the values for which this holds, in order."""
        with self._lock:
            return sorted(key for key, value in self._values.items() if where(value))

    def put(self, item: JsonObject) -> None:
        """Take over what the API server answered to a write of ours, which the watch shows only a little later."""
        self._take(item, by_watch=False)

    def relist(self) -> str:
        """List everything. Returns the resourceVersion to watch from. Raises `ApiError`."""
        answer = self._api.get(self._path, **self._selector)
        version = str(answer["metadata"]["resourceVersion"])
        items = answer["items"]
        changed = [value for item in items if (value := self._take(item)) is not None]
        listed = {key_of(item) for item in items}
        with self._lock:
            self._seen = max(self._seen, int(version))
            gone = [key for key, at in self._versions.items() if key not in listed and at <= int(version)]
            for key in gone:
                self._forget(key)
        self._tell(changed, gone)
        return version

    def _take(self, item: JsonObject, *, by_watch: bool = True) -> T | None:
        """Keep an object that is newer than what is known of it. Returns its value where it is news."""
        key, version = key_of(item), int(item["metadata"]["resourceVersion"])
        value = self._read(item)
        with self._lock:
            known = self._versions.get(key)
            if by_watch:
                self._seen = max(self._seen, version)
            elif known is None and version <= self._seen:
                return None  # The watch has been past it: it was deleted since.
            if known is not None and known >= version:
                return None
            self._forget(key)
            self._versions[key] = version
            if value is not None:
                self._values[key] = value
                if self._group is not None:
                    self._groups.setdefault(self._group(value), set()).add(key)
        return value

    def _forget(self, key: Key) -> None:
        self._versions.pop(key, None)
        value = self._values.pop(key, None)
        if value is not None and self._group is not None:
            group = self._group(value)
            keys = self._groups.get(group, set())
            keys.discard(key)
            if not keys:
                self._groups.pop(group, None)

    def _tell(self, changed: list[T], gone: list[Key]) -> None:
        if self.on_change is not None:
            for value in changed:
                self.on_change(value)
        if self._on_gone is not None:
            for key in gone:
                self._on_gone(key)

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            try:
                version = self.relist()
                self._show(current=True)
                pause = FIRST_PAUSE
                while not self._stopping.is_set():
                    version = self._watch(version)
            except ApiError as error:
                # A version that is too old (410) is ordinary: list again.
                if error.status != 410:
                    log("watch failed", level=logging.WARNING, path=self._path, error=str(error))
            except Exception:
                logging.getLogger("metricops").exception("watch failed unexpectedly: %s", self._path)
            self._show(current=False)
            self._stopping.wait(pause.total_seconds())
            pause = min(2 * pause, LONGEST_PAUSE)

    def _watch(self, version: str) -> str:
        """Watch until the server ends it. Returns the version to go on from. Raises `ApiError`."""
        events = self._api.watch(self._path, timeout_seconds=WATCH_SECONDS, resourceVersion=version, **self._selector)
        for event in events:
            item = event["object"]
            version = str(item["metadata"]["resourceVersion"])
            if event["type"] == "DELETED":
                with self._lock:
                    self._seen = max(self._seen, int(version))
                    self._forget(key_of(item))
                self._tell([], [key_of(item)])
            elif event["type"] in ("ADDED", "MODIFIED"):
                value = self._take(item)
                self._tell([value] if value is not None else [], [])
            if self._stopping.is_set():
                break
        return version

    def _show(self, *, current: bool) -> None:
        self._current = current
        if self._on_state is not None:
            self._on_state(current)


def key_of(item: JsonObject) -> Key:
    """Namespace (empty for what has none) and name."""
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]
