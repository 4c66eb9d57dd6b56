"""Recordings put into the expressions that use them, so that only the scraped series are asked.

A recording rule has values from the time on at which it was loaded; its expression has them for as long as the series
it reads. What is a selector is `promql-parser`'s word (docs/decisions/0017-replay.md); the text around it stays as it
was written, because the parser prints some strings wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta

import promql_parser as promql

from rules.durations import format_duration
from rules.group import Recording
from rules.matchers import UnreadablePattern, matches
from rules.promql import QueryError, one_line, quoted, replacement
from rules.syntax import parse, parts

LONGEST_EXPANDED = 64 * 1024
"""Characters: recordings of recordings can grow without end."""
_MARK = "metricops_matches"
_STRING = r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`'
_MATCHERS = rf"\{{(?:{_STRING}|[^{{}}\"'`])*\}}"
_TOKEN = re.compile(
    rf"""
    {_STRING} | {_MATCHERS} | \[[^\[\]]*\]
    | (?P<selector>(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?!\s*\() (?:\s*{_MATCHERS})?)
      (?:\s*(?P<range>\[[^\[\]:]*\]))?
      (?P<moved>(?:\s*offset\s+-?[0-9a-z.]+ | \s*@\s*(?:(?:start|end)\s*\(\s*\)|[-+0-9.eE]+))*)
    """,
    re.VERBOSE,
)
"""Strings, matchers, ranges, and whatever may be a selector of a named metric; of what `one_line` gave back."""


class NotExpandable(ValueError):  # noqa: N818 - a kind of rule, not a failure
    """The expression uses a recording that can't be put into it; the message says why."""


class Recordings:
    """The recordings that are known, several of one name allowed. `interval` is how often they are evaluated."""

    def __init__(self, recordings: Iterable[Recording], interval: timedelta) -> None:
        self._by_name: dict[str, list[Recording]] = {}
        for recording in recordings:
            self._by_name.setdefault(recording.record, []).append(recording)
        self._interval = format_duration(interval)
        self._known: dict[str, str] = {}

    def expand(self, expression: str) -> str:
        """The expression without recordings; word for word where it uses none. Raises `NotExpandable`."""
        if not any(name in expression for name in self._by_name):
            return expression
        return self._expanded(expression, ())

    def _expanded(self, expression: str, inside: tuple[str, ...]) -> str:
        if expression in self._known:
            return self._known[expression]
        text = _one_line(expression)
        selections = list(self._selections(text))
        if len(selections) != self._selectors(text):
            raise NotExpandable("the recordings in it are not where they were looked for")
        pieces, end = [], 0
        for found in selections:
            stands = self._stands_for(found["selector"], inside)
            if stands is not None:
                pieces += [text[end : found.start()], self._placed(stands, found)]
                end = found.end()
        whole = "".join([*pieces, text[end:]])
        if len(whole) > LONGEST_EXPANDED:
            raise NotExpandable(f"with its recordings it is longer than {LONGEST_EXPANDED} characters")
        _parse(whole)
        self._known[expression] = whole
        return whole

    def _selections(self, text: str) -> Iterator[re.Match[str]]:
        return (found for found in _TOKEN.finditer(text) if found["name"] in self._by_name)

    def _selectors(self, text: str) -> int:
        """How many selectors of recordings the parser sees."""
        selectors = (part for part in parts(_parse(text)) if isinstance(part, promql.VectorSelector))
        return sum(selector.name in self._by_name for selector in selectors)

    def _placed(self, expression: str, found: re.Match[str]) -> str:
        """An expression in the place of a selector with its range, its `offset` and its `@`."""
        span, moved = found["range"], found["moved"].strip()
        if span:
            return f"({expression})[{span[1:-1].strip()}:{self._interval}] {moved}".rstrip()
        if moved:  # Only a selector or a subquery can be moved in time.
            return f"last_over_time(({expression})[{self._interval}:{self._interval}] {moved})"
        return f"({expression})"

    def _stands_for(self, selector: str, inside: tuple[str, ...]) -> str | None:
        """What stands for a selector of recordings; None where it selects none of those that are known."""
        parsed = _parse(selector)
        assert isinstance(parsed, promql.VectorSelector)  # noqa: S101 - its text is a name and matchers
        name, matchers = parsed.name or "", list(parsed.matchers.matchers)
        if name in inside:
            raise NotExpandable(f"the recording {name} uses itself")
        alternatives = []
        for recording in self._by_name[name]:
            if not all(_matches(m, recording.labels[m.name]) for m in matchers if m.name in recording.labels):
                continue
            text = self._expanded(recording.expression, (*inside, name))
            for label, value in recording.labels.items():
                text = f'label_replace({text}, "{label}", {quoted(replacement(value))}, "", "")'
            for matcher in matchers:
                if matcher.name not in recording.labels:
                    text = _filtered(text, matcher)
            alternatives.append(text)
        return " or ".join(alternatives) or None


def recordings_of(rules: Iterable[object]) -> list[Recording]:
    """The recordings among rules."""
    return [rule for rule in rules if isinstance(rule, Recording)]


def _one_line(expression: str) -> str:
    try:
        return one_line(expression)
    except QueryError as error:
        raise NotExpandable(f"the expression has {error}") from None


def _parse(expression: str) -> promql.Expr:
    try:
        return parse(expression)
    except ValueError as error:
        raise NotExpandable(f"the parser refuses the expression: {error}") from None


def _matches(matcher: promql.Matcher, value: str) -> bool:
    try:
        return matches(matcher, value)
    except UnreadablePattern as error:
        raise NotExpandable(str(error)) from None


def _filtered(text: str, matcher: promql.Matcher) -> str:
    """What of an expression has a matching label: PromQL has matchers for selectors only, so it is marked first."""
    exact = matcher.op in (promql.MatchOp.Equal, promql.MatchOp.NotEqual)
    pattern = re.escape(matcher.value) if exact else matcher.value
    keeps = "and" if matcher.op in (promql.MatchOp.Equal, promql.MatchOp.Re) else "unless"
    marked = f'label_replace({text}, "{_MARK}", "yes", "{matcher.name}", {quoted(pattern)})'
    one = f'label_replace(vector(1), "{_MARK}", "yes", "", "")'
    return f'label_replace(({marked} {keeps} on ({_MARK}) {one}), "{_MARK}", "", "", "")'
