"""How long a container that ended waits before it is started again."""

from __future__ import annotations


class Backoff:
    """The kubelet's rule with shorter times: at once after the first end, then doubling, forgotten after a long run.

    The kubelet starts at 10 s, ends at 300 s and forgets after 600 s. Times are in seconds.
    """

    def __init__(self, first: float = 1.0, longest: float = 30.0, forget_after: float = 60.0) -> None:
        self._first = first
        self._longest = longest
        self._forget_after = forget_after
        self._next = 0.0

    def ended(self, ran: float) -> float:
        """Record an end after running this long. Returns the wait before the next start."""
        if ran >= self._forget_after:
            self._next = 0.0
        wait = self._next
        self._next = min(self._longest, wait * 2 if wait else self._first)
        return wait
