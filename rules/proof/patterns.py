"""A few texts that a regular expression of a matcher matches, so that there can be series that the matcher selects.

The forms that people write in matchers are read: alternatives, groups, classes, escapes, repetitions. What comes out is
a guess until `rules.matchers` has said that it matches; of a form that isn't read, nothing comes out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from rules.matchers import matches_pattern

MOST_SAMPLES = 12
_MOST_REPEATED = 64
_CLASSES = {"d": "05", "w": "a0", "s": " ", "D": "a", "W": "-", "S": "a", "n": "\n", "t": "\t"}
_PLACES = "bAzZ"
_ANY = "0a"
_OTHERS = "a0A-_/. "


class _NotRead(Exception):  # noqa: N818 - a form, not a failure
    """A form of pattern that isn't read."""


def samples(pattern: str) -> list[str]:
    """Up to `MOST_SAMPLES` texts that the whole pattern matches, the simplest first. Raises `UnreadablePattern`."""
    try:
        guesses = _Reader(pattern).whole()
    except _NotRead:
        return []
    return [guess for guess in guesses if matches_pattern(pattern, guess)]


class _Reader:
    """Recursive descent: each part of the pattern is a list of texts that it could stand for."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._place = 0

    def whole(self) -> list[str]:
        found = self._alternatives()
        if self._place != len(self._pattern):
            raise _NotRead
        return found

    def _alternatives(self) -> list[str]:
        found = [self._sequence()]
        while self._take("|"):
            found.append(self._sequence())
        # The first of each before the second of any.
        return _few(text for row in itertools.zip_longest(*found) for text in row if text is not None)

    def _sequence(self) -> list[str]:
        texts = [""]
        while self._place < len(self._pattern) and self._peek() not in "|)":
            part = self._repeated(self._one())
            texts = _few(start + end for end in part for start in texts)
        return texts

    def _one(self) -> list[str]:
        character = self._next()
        match character:
            case "(":
                return self._group()
            case "[":
                return list(self._class())
            case ".":
                return list(_ANY)
            case "^" | "$":
                return [""]
            case "\\":
                return self._escape()
            case "*" | "+" | "?":
                raise _NotRead
        return [character]

    def _group(self) -> list[str]:
        if self._take("?"):
            if self._take("P<") or self._take("<"):
                while self._next() != ">":
                    pass
            elif not self._take(":"):
                return self._flags()
        found = self._alternatives()
        if not self._take(")"):
            raise _NotRead
        return found

    def _flags(self) -> list[str]:
        while (character := self._next()) != ")":
            if not character.isalpha():
                raise _NotRead
        return [""]

    def _escape(self) -> list[str]:
        character = self._next()
        if character in _CLASSES:
            return list(_CLASSES[character])
        if character in _PLACES:
            return [""]
        if character.isalnum():
            raise _NotRead
        return [character]

    def _class(self) -> str:
        negated = self._take("^")
        members, first = "", True
        while first or self._peek() != "]":
            first = False
            start = self._member()
            if self._peek() == "-" and self._pattern[self._place + 1 : self._place + 2] not in ("]", ""):
                self._next()
                end = self._member()
                members += start + (chr(ord(start) + 1) if start < end else "") + end
                # A negated class needs all that it leaves out.
                members += "".join(map(chr, range(ord(start), min(ord(end), 0x7F) + 1))) if negated else ""
            else:
                members += start
        self._next()
        if not negated:
            return members[:3]
        return "".join(other for other in _OTHERS if other not in members)[:2]

    def _member(self) -> str:
        character = self._next()
        if character == "[" and self._peek() == ":":
            raise _NotRead
        return self._escape()[0] if character == "\\" else character

    def _repeated(self, part: list[str]) -> list[str]:
        if self._take("*"):
            part = ["", *part]
        elif self._take("?"):
            part = [*part, ""]
        elif self._peek() == "{":
            part = self._counted(part)
        elif not self._take("+"):
            return part
        self._take("?")  # Whether it is greedy is the same to us.
        return part

    def _counted(self, part: list[str]) -> list[str]:
        end = self._pattern.find("}", self._place)
        least = self._pattern[self._place + 1 : end].split(",")[0]
        if end < 0 or not least.isdecimal() or int(least) > _MOST_REPEATED:
            raise _NotRead
        self._place = end + 1
        return [text * int(least) for text in part]

    def _peek(self) -> str:
        return self._pattern[self._place : self._place + 1]

    def _next(self) -> str:
        character = self._peek()
        if not character:
            raise _NotRead
        self._place += 1
        return character

    def _take(self, text: str) -> bool:
        if not self._pattern.startswith(text, self._place):
            return False
        self._place += len(text)
        return True


def _few(texts: Iterable[str]) -> list[str]:
    return list(itertools.islice(dict.fromkeys(texts), MOST_SAMPLES))
