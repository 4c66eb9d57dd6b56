"""Progress on standard error, once something takes longer than two seconds."""

from __future__ import annotations

import time

import click

QUIET_SECONDS = 2.0


class Progress:
    """Tells what is being done, at most every two seconds."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def __call__(self, doing: str) -> None:
        """Say it, if it is time."""
        now = time.monotonic()
        if now - self._told >= QUIET_SECONDS:
            self._told = now
            click.echo(f"{doing} …", err=True)
