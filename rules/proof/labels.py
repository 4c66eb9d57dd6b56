"""Label sets that a query's selectors tell apart: for each label a value of every kind that the matchers know."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import promql_parser as promql

from rules.matchers import UnreadablePattern, matches
from rules.proof.forms import NotTestable
from rules.proof.patterns import samples

Labels = dict[str, str]
METRIC = "__name__"
MOST_LABEL_SETS = 4096
_ANYTHING = ("other", "200", "500", "0", "1", "")
"""Values for what no matcher names; the last one is a label that isn't there."""


def matchers_of(selector: promql.VectorSelector) -> list[promql.Matcher]:
    """All matchers of a selector, its metric's name among them. Raises `NotTestable` for alternatives of them."""
    if selector.matchers.or_matchers:
        raise NotTestable("has matchers joined by 'or'")
    name = [promql.Matcher(promql.MatchOp.Equal, METRIC, selector.name)] if selector.name else []
    return [*name, *selector.matchers.matchers]


def selects(selector: promql.VectorSelector, labels: Labels) -> bool:
    """Whether a series with these labels is among those that the selector selects."""
    return all(matches(matcher, labels.get(matcher.name, "")) for matcher in matchers_of(selector))


def label_sets(selectors: Sequence[promql.VectorSelector], required: Iterable[str]) -> Iterator[Labels]:
    """Label sets of every kind that the selectors tell apart, each with a metric's name and the `required` labels.

    Raises `NotTestable` where a pattern gives no text, or where there are too many kinds.
    """
    by_label: dict[str, list[promql.Matcher]] = {name: [] for name in (METRIC, *required)}
    for selector in selectors:
        for matcher in matchers_of(selector):
            by_label.setdefault(matcher.name, []).append(matcher)
    needed = {METRIC, *required}
    kinds = {name: _kinds(found, empty=name not in needed) for name, found in by_label.items()}
    total = 1
    for name, values in kinds.items():
        total *= len(values)
        if not values:
            raise NotTestable(f"asks for values of the label {name} that could not be made up")
    if total > MOST_LABEL_SETS:
        raise NotTestable(f"tells {total} kinds of series apart, more than {MOST_LABEL_SETS}")
    for row in itertools.product(*kinds.values()):
        yield {name: value for name, value in zip(kinds, row, strict=True) if value}


def another_value(selectors: Sequence[promql.VectorSelector], label: str, value: str) -> str | None:
    """A second value of a label that no matcher tells from the first; None where there is none."""
    found = [matcher for selector in selectors for matcher in matchers_of(selector) if matcher.name == label]
    wanted = _kind(found, value)
    others = (f"{value}-b", f"{value}0", f"{value}b", *_values(found))
    return next((other for other in others if other and other != value and _kind(found, other) == wanted), None)


def _kinds(found: list[promql.Matcher], *, empty: bool) -> list[str]:
    """One value for each way in which the matchers of a label can answer."""
    kinds: dict[tuple[bool, ...], str] = {}
    for value in _values(found):
        if value or empty:
            kinds.setdefault(_kind(found, value), value)
    return list(kinds.values())


def _kind(found: list[promql.Matcher], value: str) -> tuple[bool, ...]:
    try:
        return tuple(matches(matcher, value) for matcher in found)
    except UnreadablePattern as error:
        raise NotTestable(f"has a matcher that is not understood: {error}") from None


def _values(found: list[promql.Matcher]) -> list[str]:
    exact = [matcher.value for matcher in found if matcher.op in (promql.MatchOp.Equal, promql.MatchOp.NotEqual)]
    patterns = [matcher.value for matcher in found if matcher.op in (promql.MatchOp.Re, promql.MatchOp.NotRe)]
    try:
        return [*exact, *(text for pattern in patterns for text in samples(pattern)), *_ANYTHING]
    except UnreadablePattern as error:
        raise NotTestable(f"has a matcher that is not understood: {error}") from None
