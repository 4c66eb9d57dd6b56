"""Which changes of objects make a difference to whoever looks at a few of their fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from receiver.cluster.watched import Key

T = TypeVar("T")


class Differences(Generic[T]):
    """Passes on the values of a `Watched` that are not as they were: rollouts and statuses change objects all the time.

    `matters` says of a value whether it is asked about at all; one that neither is nor was is not passed on.
    """

    def __init__(
        self, key: Callable[[T], Key], matters: Callable[[T], bool], on_difference: Callable[[], None]
    ) -> None:
        self._key = key
        self._matters = matters
        self._on_difference = on_difference
        self._known: dict[Key, T] = {}

    def changed(self, value: T) -> None:
        """A value is new or was written."""
        key = self._key(value)
        before = self._known.get(key)
        self._known[key] = value
        if before != value and (self._matters(value) or (before is not None and self._matters(before))):
            self._on_difference()

    def gone(self, key: Key) -> None:
        """An object is gone."""
        before = self._known.pop(key, None)
        if before is not None and self._matters(before):
            self._on_difference()
