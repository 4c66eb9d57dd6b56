"""Where the selectors of an expression stand in its text, which stays as it was written.

The parser tells what the selectors are, but not where. Whoever uses these places has to have the parser's word on the
outcome: what is found here is a guess by the lexical grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_STRING = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|`[^`]*`'
_MATCHERS = rf"\{{(?:{_STRING}|[^{{}}\"'`])*\}}"
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_COMMENT = re.compile(rf"(?P<string>{_STRING})|\#[^\n]*")
_TOKEN = re.compile(
    rf"""
    (?:\b(?:by|without|on|ignoring|group_left|group_right)\b\s*\((?:{_STRING}|[^()"'`])*\))
    | {_STRING} | \[[^\[\]]*\]
    | \.?[0-9](?:[eE][-+][0-9]|[0-9a-zA-Z_.])*
    | (?P<call>{_NAME})\s*\(
    | {_NAME}(?=\s*(?:by|without)\s*\()
    | (?:and|or|unless|atan2|bool|offset|group_left|group_right|inf|nan)\b
    | (?P<selector>(?:{_NAME}\s*)?{_MATCHERS}|{_NAME})
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a text: its offset, and its own text."""

    start: int
    text: str

    @property
    def end(self) -> int:
        """The offset after it."""
        return self.start + len(self.text)


def selectors(text: str) -> list[Place]:
    """What looks like a selector, without its range."""
    return [Place(found.start(), found["selector"]) for found in _tokens(text) if found["selector"]]


def calls(text: str) -> list[Place]:
    """The names of what looks like a function or an aggregation."""
    return [Place(found.start(), found["call"]) for found in _tokens(text) if found["call"]]


def column(text: str, offset: int) -> str:
    """A place in words: `column 17`, with the line where the text has several; both from 1."""
    before = text[:offset]
    line = before.count("\n") + 1
    at = f"column {offset - (before.rfind(chr(10)) + 1) + 1}"
    return f"line {line}, {at}" if "\n" in text else at


def _tokens(text: str) -> Iterator[re.Match[str]]:
    blank = _COMMENT.sub(lambda found: found["string"] or " " * len(found[0]), text)
    return _TOKEN.finditer(blank)
