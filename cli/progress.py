"""Progress on standard error, once something takes longer than two seconds."""

from __future__ import annotations

import time
from collections.abc import Callable

import click

QUIET_SECONDS = 2.0


class Progress:
    """Tells what is being done, at most every two seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told = clock()
        self._doing = ""

    def __call__(self, doing: str) -> None:
        """From now on, this is being done."""
        self._doing = doing
        self._tell(doing)

    def requested(self, number: int) -> None:
        """One more request is sent for it."""
        self._tell(f"{self._doing} (request {number})")

    def _tell(self, text: str) -> None:
        now = self._clock()
        if now - self._told >= QUIET_SECONDS:
            self._told = now
            click.echo(f"{text} …", err=True)
