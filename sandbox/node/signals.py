"""Waiting for the signals that end a program."""

from __future__ import annotations

import os
import select
import signal

ENDING = (signal.SIGTERM, signal.SIGINT)


class StopSignal:
    """Turns SIGTERM and SIGINT into something to wait for. To be made in the main thread.

    The handler only writes to a pipe: to set a `threading.Event` there can deadlock with the wait for it. Nor are
    the signals blocked, because child processes would inherit that.
    """

    def __init__(self) -> None:
        self._read_fd, self._write_fd = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        for number in ENDING:
            signal.signal(number, self._note)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for a signal, at most this long. Returns whether one has come."""
        return bool(select.select([self._read_fd], [], [], seconds)[0])

    def _note(self, *_: object) -> None:
        os.write(self._write_fd, b"x")
