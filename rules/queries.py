"""The expressions that an indicator comes down to: failed events, all events, and the error ratio over a window.

Each gives one series per group: one workload where the objective is kept per workload, one value of each label of
`grouping`, else a single series without labels.
"""

from __future__ import annotations

from dataclasses import dataclass

from rules.names import NAMESPACE_LABEL, WINDOW_PLACEHOLDER
from rules.specification import ErrorBudget, EventRatio, PerWorkload, RatioQuery, Subject

GOOD_LABEL = "metricops_good"


@dataclass(frozen=True, slots=True)
class Queries:
    """How the events of an objective are asked for. `$window` stands for the range."""

    indicator: EventRatio | RatioQuery
    subject: Subject
    grouping: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the series that the expressions give."""
        subject = self.subject
        own = (NAMESPACE_LABEL, subject.label) if isinstance(subject, PerWorkload) else ()
        return (*own, *self.grouping)

    @property
    def matching(self) -> str:
        """What matches a series of the expressions with its recordings, which have the labels of their rules besides.

        Those labels are of the text that Prometheus parses at each evaluation: named here, they would cost more.
        """
        return f"on ({', '.join(self.labels)})"

    @property
    def counts(self) -> bool:
        """Whether failed events and all events can be asked for, whatever their unit."""
        return isinstance(self.indicator, EventRatio) or bool(self.indicator.total)

    @property
    def is_unfilled(self) -> bool:
        """Whether there can be events without an error ratio."""
        return isinstance(self.indicator, RatioQuery)

    @property
    def none_good_is_all_failed(self) -> bool:
        """Whether all events failed where good ones have no series."""
        indicator = self.indicator
        return isinstance(indicator, EventRatio) and bool(indicator.good) and not indicator.same_series

    @property
    def needs_events_twice(self) -> bool:
        """Whether failed events are told by all of them."""
        return isinstance(self.indicator, RatioQuery) or bool(self.indicator.good)

    @property
    def same_series(self) -> bool:
        """Whether good events come from the series of all events."""
        return isinstance(self.indicator, EventRatio) and self.indicator.same_series

    def total(self, window: str = WINDOW_PLACEHOLDER) -> str:
        """All events."""
        aggregated = isinstance(self.indicator, EventRatio) and self.indicator.aggregated
        return self._summed(self.indicator.total, window, aggregated)

    def errors(self, window: str, events: str) -> str:
        """Failed events, where `events` is a recording of all of them over the same window.

        Unless it `needs_events_twice`, any will do that gives a series where there are events.
        """
        indicator = self.indicator
        if isinstance(indicator, RatioQuery):
            return f"{self._ratio(window)} * {self.matching} {events}"
        if indicator.good:
            good = self._summed(indicator.good, window, indicator.aggregated)
            # No good event yet: every event has failed.
            return f"{events} - {self.matching} {good}" + (
                "" if indicator.same_series else f" or {self.matching} {events}"
            )
        errors = self._summed(indicator.errors, window, indicator.aggregated)
        return f"{errors} or {self.matching} 0 * {events}"

    def ratio(self, window: str = WINDOW_PLACEHOLDER, *, seen: str = "") -> str:
        """The error ratio; nothing where there are no events.

        `seen` is an expression of recordings that gives a series where there were any, if that is cheaper to ask for.
        """
        indicator = self.indicator
        if isinstance(indicator, RatioQuery):
            return self._ratio(window)
        # Without events, 0/0 is NaN, which poisons long windows, and 1/0 is +Inf, which fires.
        total = f"({self.total(window)} > 0)"
        joined, there = (f"or {self.matching}", f"({seen})") if seen else ("or", total)
        if indicator.good:
            ratio = f"1 - {self._summed(indicator.good, window, indicator.aggregated)} / {total}"
            return ratio if indicator.same_series else f"{ratio} {joined} 1 + 0 * {there}"
        return f"{self._summed(indicator.errors, window, indicator.aggregated)} / {total} {joined} 0 * {there}"

    def all_errors(self) -> str:
        """Failed events per second as the scrape has them, one series or many; empty where they can't be told."""
        indicator = self.indicator
        if not isinstance(indicator, EventRatio) or indicator.aggregated or not indicator.countable:
            return ""
        if not indicator.good:
            return self._named(indicator.errors)
        # Summed up, this is all less the good ones; the label keeps `or` from taking them for the same series.
        good = f'label_replace(-1 * ({indicator.good}), "{GOOD_LABEL}", "yes", "", "")'
        return self._named(f"{indicator.total} or {good}")

    def all_events(self) -> str:
        """All events per second, likewise."""
        return self._named(self.indicator.total) if self.all_errors() else ""

    def _ratio(self, window: str) -> str:
        assert isinstance(self.indicator, RatioQuery)  # noqa: S101 - asked for above
        worst = self._aggregated("max", self.indicator.ratio, window)
        # x/0 is +Inf, which would fire; NaN goes with it.
        return f"clamp_min({worst} < +Inf, 0)"

    def _summed(self, query: str, window: str, aggregated: bool) -> str:
        if aggregated:
            return self._renamed(_in_brackets(_over(query, window)))
        return self._aggregated("sum", query, window)

    def _aggregated(self, operator: str, query: str, window: str) -> str:
        subject = self.subject
        own = (subject.namespace_from, subject.name_from) if isinstance(subject, PerWorkload) else ()
        by = (*own, *self.grouping)
        # `sum by ()` would do as well, but nobody writes it.
        grouped = f"{operator} by ({', '.join(by)}) " if by else operator
        return self._renamed(f"{grouped}({_over(query, window)})")

    def _renamed(self, expression: str) -> str:
        """With the workload's labels instead of those that hold its namespace and name."""
        moved = self._named(expression)
        subject = self.subject
        if isinstance(subject, PerWorkload):
            for wanted, given in _places(subject):
                if given not in (NAMESPACE_LABEL, subject.label) and wanted != given:
                    moved = f'label_replace({moved}, "{given}", "", "", "")'
        return moved

    def _named(self, expression: str) -> str:
        """With the workload's labels beside those that hold its namespace and name."""
        subject = self.subject
        if isinstance(subject, PerWorkload):
            for wanted, given in _places(subject):
                if wanted != given:
                    expression = f'label_replace({expression}, "{wanted}", "$1", "{given}", "(.*)")'
        return expression


def _places(subject: PerWorkload) -> tuple[tuple[str, str], ...]:
    return (NAMESPACE_LABEL, subject.namespace_from), (subject.label, subject.name_from)


def queries_of(budget: ErrorBudget, subject: Subject) -> Queries:
    """The queries of an objective that judges this subject."""
    return Queries(budget.indicator, subject, budget.grouping)


def _over(query: str, window: str) -> str:
    return query.replace(WINDOW_PLACEHOLDER, window)


def _in_brackets(expression: str) -> str:
    return f"({expression})"
