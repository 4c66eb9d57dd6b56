"""A deployer's expression, so changed that it reads the series of its own namespace, or workload, alone.

Matchers are added to the selectors; nothing else of the text is touched, and the parser's word is had on the outcome.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import promql_parser as promql

from rules.deployer.selections import Place, selectors
from rules.names import NAMESPACE_LABEL
from rules.promql import QueryError, one_line, quoted
from rules.selectors import with_matcher
from rules.specification import WorkloadTarget
from rules.syntax import parse_query, parts

POD_LABEL = "pod"
LONGEST_FOR_PODS = {"deployment": 46, "statefulset": 253, "daemonset": 57}
"""Characters of a workload's name: the API server cuts the generated names of pods after 58, and a hash is in there."""
_PODS = {"deployment": "-[a-z0-9]+-[a-z0-9]{5}", "statefulset": "-[0-9]+", "daemonset": "-[a-z0-9]{5}"}
_PLAIN = 'metrics by name, as in http_request_total{code=~"5.."}'
_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


class Series(StrEnum):
    """By which labels a series is known to be the workload's, beside its namespace's."""

    WORKLOAD = "workload"
    POD = "pod"
    NAMESPACE = "namespace"


@dataclass(frozen=True, slots=True)
class Confinement:
    """How the series of a Prometheus say whose they are.

    With `WORKLOAD` they have a label `deployment` (or `statefulset`, `daemonset`), as the shipped scrape configuration
    gives them; with `POD` a label `pod`, as prometheus-operator's monitors do; with `NAMESPACE` every series of the
    namespace counts as the workload's.
    """

    namespace_label: str = NAMESPACE_LABEL
    series: Series = Series.WORKLOAD

    def matchers(self, whom: WorkloadTarget, series: Series | None = None) -> tuple[Matcher, ...]:
        """What every selector has to ask for. `series` is the rule's own choice, where it makes one."""
        namespace = Matcher(self.namespace_label, "=", whom.namespace)
        match series or self.series:
            case Series.WORKLOAD:
                return namespace, Matcher(whom.label, "=", whom.name)
            case Series.POD:
                return namespace, Matcher(POD_LABEL, "=~", re.escape(whom.name).replace(r"\-", "-") + _PODS[whom.label])
        return (namespace,)


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on a label; `operator` is spelt as in PromQL."""

    label: str
    operator: str
    value: str

    def __str__(self) -> str:
        return f"{self.label}{self.operator}{quoted(self.value)}"


@dataclass(frozen=True, slots=True)
class Refused:
    """What can't be confined; `place` is None where it has none."""

    place: Place | None
    found: str
    expected: str


def confine(text: str, needed: tuple[Matcher, ...]) -> str | list[Refused]:
    """The expression with these matchers on every selector, on one line; or all that is in their way.

    Of a label that is asked to be equal to something the expression may ask nothing else. The text is one that
    `parse_query` reads.
    """
    places = selectors(text)
    read = [(place, _read(place.text)) for place in places]
    known = [(place, selector) for place, selector in read if selector is not None]
    if len(known) != len(read) or _shapes(selector for _, selector in known) != _shapes(_all_selectors(text)):
        return [Refused(None, "selectors that can't be told apart from the rest", _PLAIN)]
    refused = [problem for place, selector in known for problem in _in_the_way(place, selector, needed)]
    if refused:
        return refused
    pieces, end = [], 0
    for place, selector in known:
        given = set(_matchers(selector))
        confined = place.text
        for matcher in needed:
            if matcher not in given:
                confined = with_matcher(confined, str(matcher))
        pieces += [text[end : place.start], confined]
        end = place.end
    whole = one_line("".join([*pieces, text[end:]]))
    return whole if _is_confined(whole, text, needed) else [Refused(None, "an expression that changes by it", _PLAIN)]


def is_confined(text: str, needed: tuple[Matcher, ...]) -> bool:
    """Whether every selector of an expression asks for all of this."""
    return all(set(needed) <= set(_matchers(selector)) for selector in _all_selectors(text))


def _is_confined(whole: str, original: str, needed: tuple[Matcher, ...]) -> bool:
    """Whether the parser sees the same expression, only with these matchers on every selector."""
    try:
        after, before = (list(parts(parse_query(text))) for text in (whole, original))
    except QueryError:
        return False
    return len(after) == len(before) and all(_differs_by(needed, *pair) for pair in zip(before, after, strict=True))


def _differs_by(needed: tuple[Matcher, ...], before: promql.Expr, after: promql.Expr) -> bool:
    if not isinstance(before, promql.VectorSelector) or not isinstance(after, promql.VectorSelector):
        return type(before) is type(after)
    return before.name == after.name and {*_matchers(before), *needed} == set(_matchers(after))


def _in_the_way(place: Place, selector: promql.VectorSelector, needed: tuple[Matcher, ...]) -> Iterator[Refused]:
    if selector.matchers.or_matchers:
        yield Refused(place, f"'or' in {place.text}", "a selector whose conditions all hold")
        return
    fixed = {matcher.label: matcher for matcher in needed if matcher.operator == "="}
    for given in _matchers(selector):
        wanted = fixed.get(given.label)
        if wanted is not None and given != wanted:
            yield Refused(place, str(given), f"{wanted}, or nothing about {given.label}: it is added")


def _read(text: str) -> promql.VectorSelector | None:
    try:
        parsed = parse_query(text)
    except QueryError:
        return None
    return parsed if isinstance(parsed, promql.VectorSelector) else None


def _all_selectors(text: str) -> list[promql.VectorSelector]:
    return [part for part in parts(parse_query(text)) if isinstance(part, promql.VectorSelector)]


def _matchers(selector: promql.VectorSelector) -> list[Matcher]:
    every = [*selector.matchers.matchers, *(one for some in selector.matchers.or_matchers for one in some)]
    return [Matcher(one.name, _operator(one), one.value) for one in every]


def _operator(matcher: promql.Matcher) -> str:
    return next(spelt for name, spelt in _OPERATORS.items() if matcher.op == getattr(promql.MatchOp, name))


def _shapes(found: Iterator[promql.VectorSelector] | list[promql.VectorSelector]) -> list[str]:
    return sorted(f"{one.name} {sorted(map(str, _matchers(one)))}" for one in found)
