"""What the API server refuses is not tried again at once: bounded retries, each pause twice the one before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Pause:
    what: Hashable
    until: datetime
    length: timedelta


class Patience:
    """By key: what was refused, and until when it is left alone. Something else of that key is tried at once."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._pauses: dict[Hashable, _Pause] = {}

    def may_try(self, key: Hashable, what: Hashable) -> bool:
        """Whether it was not refused lately."""
        pause = self._pauses.get(key)
        return pause is None or pause.what != what or self._clock() >= pause.until

    def refused(self, key: Hashable, what: Hashable) -> None:
        """It was refused just now."""
        before = self._pauses.get(key)
        length = min(2 * before.length, LONGEST_PAUSE) if before and before.what == what else FIRST_PAUSE
        self._pauses[key] = _Pause(what, self._clock() + length, length)

    def accepted(self, key: Hashable) -> None:
        """It was not refused."""
        self._pauses.pop(key, None)

    def forget_others(self, keys: Collection[Hashable]) -> None:
        """Nothing is remembered of keys that are not among these."""
        self._pauses = {key: pause for key, pause in self._pauses.items() if key in keys}
