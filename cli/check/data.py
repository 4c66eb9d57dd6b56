"""What the recorded data tell of the rules: whether the series are there, and have the labels that the rules need."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence

from cli.check.finding import Finding, Severity
from cli.check.selectors import Selector, Use, sli_of, uses
from cli.check.text import needed_labels
from cli.replay.alerts import ReplayedAlert
from cli.replay.grid import Grid
from cli.replay.history import History, QueryRefused

MOST_VALUES = 10


class Data:
    """Looks at the series of a time. `looks` are the moments at which it looks. Raises `HistoryError`."""

    def __init__(self, history: History, looks: Grid, progress: Callable[[str], None]) -> None:
        self._history = history
        self._looks = looks
        self._progress = progress
        self._counts: dict[Selector, int] = {}
        self._names: list[str] | None = None

    def check(self, alerts: Iterable[ReplayedAlert]) -> list[Finding]:
        """All findings, each once."""
        found: dict[Finding, None] = {}
        for alert in alerts:
            place = f"{alert.source}: {alert.rule.alert}"
            self._progress(f"looking for the series of {place}")
            of_alert = uses(alert)
            has_values = self._has_values(sli_of(alert))
            for selector in dict.fromkeys(use.selector for use in of_alert):
                try:
                    found |= dict.fromkeys(self._existence(place, selector, has_values, of_alert))
                except QueryRefused as why:
                    found[Finding(Severity.ERROR, "query-refused", place, f"{selector}: {why}")] = None
            found |= dict.fromkeys(self._labels(place, alert, of_alert))
        return list(found)

    def _existence(
        self, place: str, selector: Selector, has_values: bool, of_alert: Sequence[Use]
    ) -> Iterator[Finding]:
        if self._count(selector):
            return
        others = {use.selector for use in of_alert if use.selector != selector and use.selector.name == selector.name}
        has_wider = any(set(other.matchers) < set(selector.matchers) and self._count(other) for other in others)
        why, may_come = self._why(selector)
        # Failures have no series before the first one; what the alert compares has values without them.
        severity = Severity.WARNING if has_values or has_wider or may_come else Severity.ERROR
        excuse = "; that is well if there was none yet" if severity is Severity.WARNING else ""
        yield Finding(severity, "no-series", place, f"there are no series {selector}: {why}{excuse}")

    def _why(self, selector: Selector) -> tuple[str, bool]:
        """Why there are none, in words, and whether there may be some another time: by a pattern, not by a value."""
        if not selector.name:
            return "none match", True
        if not self._count(selector.only()):
            near = difflib.get_close_matches(selector.name, self._known_names(), n=1, cutoff=0.8)
            return f"none of that name at all{f' (there is {near[0]})' if near else ''}", False
        for matcher in selector.matchers:
            if not self._count(selector.only(matcher)):
                values = self._values(selector, matcher.label)
                return f"none of that name has {matcher}, {matcher.label} is {values}", matcher.operator != "="
        patterns = [matcher for matcher in selector.matchers if matcher.operator != "="]
        return "each condition holds for some, all together for none", bool(patterns)

    def _has_values(self, expression: str) -> bool:
        """Whether an expression gave anything at any of the looks."""
        if not expression:
            return False
        try:
            return bool(self._history.over(f"count({expression})", self._looks))
        except QueryRefused:
            return False

    def _labels(self, place: str, alert: ReplayedAlert, of_alert: Sequence[Use]) -> Iterator[Finding]:
        needed = needed_labels(alert.rule)
        for use in of_alert:
            for label in use.grouped or ():
                yield from self._lack(place, use.selector, (label,), blames=bool(needed))
        # What is taken from the series as they are may come from any of those that a query puts together.
        plain = [use.selector for use in of_alert if use.grouped is None and self._count(use.selector)]
        for labels in needed:
            lacking = [finding for selector in plain for finding in self._lack(place, selector, labels, blames=True)]
            if len(lacking) == len(plain):
                yield from lacking[:1]

    def _lack(self, place: str, selector: Selector, labels: tuple[str, ...], *, blames: bool) -> Iterator[Finding]:
        """A finding where series have none of these labels; `blames` says that the alert names its workload by them."""
        number = self._count(selector)
        lacking = self._count(selector.without(*labels)) if number else 0
        if not lacking:
            return
        all_of_them = lacking >= number
        severity = Severity.ERROR if all_of_them and blames else Severity.WARNING
        said = f"no series of {selector} has" if all_of_them else f"{lacking} of {number} series of {selector} lack"
        yield Finding(severity, "missing-label", place, f"{said} the label {' or '.join(labels)}")

    def _count(self, selector: Selector) -> int:
        """The most series of a selector at any of the looks."""
        if selector not in self._counts:
            answer = self._history.over(f"count({selector})", self._looks)
            values = [sample.value for series in answer for sample in series.samples]
            self._counts[selector] = int(max(values, default=0))
        return self._counts[selector]

    def _values(self, selector: Selector, label: str) -> str:
        answer = self._history.over(f"count by ({label}) ({selector.only()})", self._looks)
        values = sorted({series.labels.get(label, "") for series in answer})
        shown = ", ".join(repr(value) if value else "missing" for value in values[:MOST_VALUES])
        return f"{shown}, …" if len(values) > MOST_VALUES else shown

    def _known_names(self) -> list[str]:
        if self._names is None:
            self._names = self._history.values("__name__", self._looks)
        return self._names
