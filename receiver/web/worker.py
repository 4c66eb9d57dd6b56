"""gunicorn's threaded worker, with an end to requests that never arrive whole.

gunicorn reads a request, and shakes hands, in a thread of the pool and without a deadline: a few clients that stop in
the middle would keep every thread, health probes would go unanswered, and the kubelet would restart the receiver.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from receiver.web.tls import take_no_more


class DeadlineWorker(ThreadWorker):
    """After `request_seconds` nothing more is read from a connection: what was complete is still answered."""

    request_seconds = 10.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._lock = threading.Lock()
        self._in_hand: dict[Any, float] = {}

    def handle(self, conn: Any) -> Any:
        """Called by gunicorn in a thread of the pool: one request of a connection."""
        with self._lock:
            self._in_hand[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            with self._lock:
                self._in_hand.pop(conn, None)

    def notify(self) -> None:
        """Called by gunicorn's main loop at least once a second."""
        super().notify()
        due = time.monotonic() - self.request_seconds
        with self._lock:
            late = [conn for conn, began in self._in_hand.items() if began < due]
            for conn in late:
                del self._in_hand[conn]
        for conn in late:
            take_no_more(conn.sock)


def worker_class(request_seconds: float) -> type[DeadlineWorker]:
    """The worker class with this deadline, in seconds."""
    return type("ReceiverWorker", (DeadlineWorker,), {"request_seconds": request_seconds})
