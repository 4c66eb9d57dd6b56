"""How many deliveries are handled at once: an API server that is slow must not pile up work, nor hide the receiver."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_SECONDS = 0.1


class Admission:
    """So many places. Safe to share between threads.

    A burst is not overload: while places come free, the next delivery waits for one, for `PATIENCE_SECONDS` at most.
    Once none has come free for so long, the answer is no at once, so that the threads stay free for health probes.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._changed = threading.Condition()
        self._moved = time.monotonic()

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Whether there is a place; it is given back at the end."""
        taken = self._take()
        try:
            yield taken
        finally:
            if taken:
                with self._changed:
                    self._free += 1
                    self._moved = time.monotonic()
                    self._changed.notify()

    def _take(self) -> bool:
        with self._changed:
            arrived = time.monotonic()
            while not self._free:
                left = min(arrived, self._moved) + PATIENCE_SECONDS - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
            self._free -= 1
            self._moved = time.monotonic()
            return True
