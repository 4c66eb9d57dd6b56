"""What a matcher of a PromQL selector says of a label's value."""

from __future__ import annotations

import re

import promql_parser as promql


class UnreadablePattern(ValueError):  # noqa: N818 - a kind of pattern, not a failure
    """The pattern is none that Python's `re` reads as RE2 does; the message says which."""


def matches(matcher: promql.Matcher, value: str) -> bool:
    """Whether a label's value (empty: no such label) is what the matcher asks for. Raises `UnreadablePattern`."""
    if matcher.op in (promql.MatchOp.Equal, promql.MatchOp.NotEqual):
        return (matcher.value == value) is (matcher.op == promql.MatchOp.Equal)
    return matches_pattern(matcher.value, value) is (matcher.op == promql.MatchOp.Re)


def matches_pattern(pattern: str, value: str) -> bool:
    """Whether the whole value matches, as in Prometheus 3, where `.` is any character. Raises `UnreadablePattern`."""
    try:
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    except re.error as error:
        raise UnreadablePattern(f"the pattern {pattern!r} cannot be read: {error}") from None
