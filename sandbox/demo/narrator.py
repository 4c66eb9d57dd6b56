"""Tell what happens, with the time since the act began, and a sign of life while something is waited for."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

SIGN_OF_LIFE_SECONDS = 10.0


class Narrator:
    """Prints the story. Colour only on a terminal."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._act = self._began
        self._colour = sys.stdout.isatty()

    def act(self, title: str) -> None:
        """A new act begins; its clock starts at zero."""
        self._act = time.monotonic()
        self._print(f"\n{self._paint(title, '1')}")

    def say(self, text: str) -> None:
        """One line of the story."""
        self._print(f"  {time.monotonic() - self._act:6.1f} s  {text}")

    def progress(self, text: str) -> None:
        """One line of the set-up."""
        self._print(f"  {time.monotonic() - self._began:6.1f} s  {text}")

    def wait(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait for a condition and say when it holds. Raises `TimeoutError` naming it."""
        deadline = time.monotonic() + seconds
        life = time.monotonic() + SIGN_OF_LIFE_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds:g} s: {what}")
            if time.monotonic() > life:
                self.say(f"… still waiting: {what}")
                life = time.monotonic() + SIGN_OF_LIFE_SECONDS
            time.sleep(0.1)
        self.say(what)

    def good(self, text: str) -> None:
        """A check that held."""
        self._print(self._paint(f"  ✓ {text}", "32"))

    def bad(self, text: str) -> None:
        """A check that did not hold."""
        self._print(self._paint(f"  ✗ {text}", "31"))

    def block(self, text: str) -> None:
        """A table or a program's output."""
        self._print("\n".join(f"    {line}" for line in text.rstrip().splitlines()))

    def _print(self, text: str) -> None:
        print(text, flush=True)

    def _paint(self, text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colour else text
