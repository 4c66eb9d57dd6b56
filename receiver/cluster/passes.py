"""Passes, for as long as the process lives: at every change, and now and then for what nobody tells of."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from receiver.logs import log

SETTLE = timedelta(milliseconds=200)
"""Changes that come together are one pass."""
FIRST_PAUSE = timedelta(seconds=1)


class Passes:
    """Level-triggered: each pass looks at everything, so none depends on what an earlier one saw."""

    def __init__(self, resync: timedelta) -> None:
        """`resync` is how often everything is looked at without a change."""
        self._resync = resync
        self._pause = FIRST_PAUSE
        self._wake = threading.Event()
        self._stopping = threading.Event()

    def wake(self) -> None:
        """Something changed."""
        self._wake.set()

    def stop(self) -> None:
        """End after the pass that is on its way."""
        self._stopping.set()
        self._wake.set()

    def run(self, one_pass: Callable[[], str | None]) -> None:
        """Run until `stop`; a pass gives what keeps things from being in line, None where nothing does."""
        while not self._stopping.is_set():
            self._wake.clear()
            problem = one_pass()
            if problem is None:
                self._pause = FIRST_PAUSE
                self._wake.wait(self._resync.total_seconds())
            else:
                log("not in line", level=logging.WARNING, problem=problem)
                self._wake.wait(self._pause.total_seconds())
                self._pause = min(2 * self._pause, self._resync)
            self._stopping.wait(SETTLE.total_seconds())
