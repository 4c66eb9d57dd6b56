"""Following a list of pods: level-triggered, so that a lost watch event is mended by the next list."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from receiver.cluster.api import ApiError, JsonObject
from sandbox.node.client import NodeApi

PODS = "/api/v1/pods"
RETRY_SECONDS = 0.5


class PodFollower(threading.Thread):
    """Calls back, from its own thread, with every pod that matches a field selector.

    `listed` gets all of them after each list, `changed` one that is new or different, `deleted` one that is gone.
    """

    def __init__(
        self,
        api: NodeApi,
        field_selector: str,
        *,
        listed: Callable[[list[JsonObject]], None],
        changed: Callable[[JsonObject], None],
        deleted: Callable[[JsonObject], None],
    ) -> None:
        super().__init__(name=f"follow {field_selector}", daemon=True)
        self._api = api
        self._selector = field_selector
        self._listed = listed
        self._changed = changed
        self._deleted = deleted

    def run(self) -> None:
        """List and watch until the process ends."""
        retry = threading.Event()
        while True:
            try:
                self._follow()
            except ApiError as error:
                if error.status != 410:
                    print(f"pods {self._selector}: {error}", file=sys.stderr)
                    retry.wait(RETRY_SECONDS)

    def _follow(self) -> None:
        listing = self._api.get(PODS, fieldSelector=self._selector)
        self._listed(listing["items"])
        version = str(listing["metadata"]["resourceVersion"])
        while True:
            for event in self._api.watch(PODS, fieldSelector=self._selector, resourceVersion=version):
                version = str(event["object"]["metadata"]["resourceVersion"])
                if event["type"] in ("ADDED", "MODIFIED"):
                    self._changed(event["object"])
                elif event["type"] == "DELETED":
                    self._deleted(event["object"])
