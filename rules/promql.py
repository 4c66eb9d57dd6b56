"""As much of PromQL's lexical grammar as it takes to put a query, or a text, into a query safely.

Tokens: strings in "…", '…' (with backslash escapes) and `…`, comments from # to the end of the line, brackets.
"""

from __future__ import annotations

import re
from functools import lru_cache

_TOKEN = re.compile(
    r"""
    "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | `[^`]*`   # a string
    | (?P<function>[a-zA-Z_:][a-zA-Z0-9_:]*)?\s*\(   # a call, or a bare bracket
    | \)
    | (?P<range>\[[^\[\]()"'`]*\])
    """,
    re.VERBOSE,
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_CLOSERS = frozenset(_CLOSING.values())
_PIECE = re.compile(
    r"""
    "(?:\\[^\n]|[^"\\\n])*" | '(?:\\[^\n]|[^'\\\n])*' | `[^`]*`   # a string
    | \#[^\n]* | \s+ | [()\[\]{}] | [^"'`\#\s()\[\]{}]+
    | .   # a quote that nothing closes
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\x00": "\\x00"}


class QueryError(ValueError):
    """The text can't be one PromQL expression: the message says what was found."""


@lru_cache(maxsize=64)  # It is asked for by each of those who look at a query.
def one_line(query: str) -> str:
    """The same query without comments and line breaks. Raises `QueryError` where brackets or quotes don't match."""
    parts: list[str] = []
    open_brackets: list[str] = []
    for piece in _PIECE.findall(query):
        first = piece[0]
        if first == "#":
            continue
        if first in "\"'`" and len(piece) == 1:
            raise QueryError(f"a {piece!r} that nothing closes")
        if first in _CLOSING:
            open_brackets.append(piece)
        elif first in _CLOSERS and (not open_brackets or _CLOSING[open_brackets.pop()] != piece):
            raise QueryError(f"a {piece!r} that nothing opened")
        if not first.isspace():
            parts.append(piece)
        elif parts and parts[-1] != " ":
            parts.append(" ")
    if open_brackets:
        raise QueryError(f"a {open_brackets[-1]!r} that nothing closes")
    return "".join(parts).strip()


def quoted(text: str) -> str:
    """A PromQL string literal."""
    return '"' + "".join(_ESCAPES.get(character, character) for character in text) + '"'


def replacement(text: str) -> str:
    """Text as a replacement of `label_replace`, where `$` would begin a reference."""
    return text.replace("$", "$$")


def functions_over(query: str, span: str) -> set[str]:
    """The functions that a range of `span` is given to: `{"rate"}` for `sum(rate(x[span]))`; "" where there is none.

    The range of a sub-query (`[span:1m]`) counts as well. The query is one that `one_line` gave back.
    """
    found: set[str] = set()
    calls: list[str] = []
    for token in _TOKEN.finditer(query):
        text = token[0]
        if text.endswith("("):
            calls.append(token["function"] or "")
        elif text == ")":
            calls.pop()
        elif token["range"] and _length(text) == span:
            found.add(calls[-1] if calls else "")
    return found


def argument_of(query: str, function: str) -> str | None:
    """The argument, where the query is nothing but one call of the function: `x` of `sum(x)`; else None.

    The query is one that `one_line` gave back.
    """
    depth = 0
    start = 0
    for token in _TOKEN.finditer(query):
        if token[0].endswith("("):
            if depth == 0:
                if token.start() != 0 or token["function"] != function:
                    return None
                start = token.end()
            depth += 1
        elif token[0] == ")":
            depth -= 1
            if depth == 0:
                return query[start : token.start()].strip() if token.end() == len(query) else None
    return None


def is_only_in_ranges(query: str, span: str) -> bool:
    """Whether `span` stands nowhere but as the length of a range: elsewhere, a duration in its place changes a text.

    The query is one that `one_line` gave back.
    """
    in_ranges = sum(1 for token in _TOKEN.finditer(query) if token["range"] and _length(token[0]) == span)
    return query.count(span) == in_ranges


def _length(bracketed: str) -> str:
    return bracketed[1:-1].partition(":")[0].strip()
