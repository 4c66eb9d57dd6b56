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
    def counts(self) -> bool:
        """Whether failed events and all events can be asked for, whatever their unit."""
        return isinstance(self.indicator, EventRatio) or bool(self.indicator.total)

    @property
    def counts_per_second(self) -> bool:
        """Whether they are events per second, so that one failure counts as one."""
        return self.counts and (isinstance(self.indicator, RatioQuery) or self.indicator.countable)

    def total(self, window: str = WINDOW_PLACEHOLDER) -> str:
        """All events."""
        aggregated = isinstance(self.indicator, EventRatio) and self.indicator.aggregated
        return self._summed(self.indicator.total, window, aggregated)

    def errors(self, window: str = WINDOW_PLACEHOLDER, *, none: str = "") -> str:
        """Failed events. `none` is an expression that gives 0 where there are events but no series of errors yet."""
        indicator = self.indicator
        if isinstance(indicator, RatioQuery):
            return f"{_in_brackets(self._ratio(window))} * {_in_brackets(self.total(window))}"
        if indicator.good:
            good = self._summed(indicator.good, window, indicator.aggregated)
            # No good event yet: every event has failed.
            return f"{self.total(window)} - {good} or {self.total(window)}"
        errors = self._summed(indicator.errors, window, indicator.aggregated)
        return f"{errors} or {none or f'0 * {self.total(window)}'}"

    def ratio(self, window: str = WINDOW_PLACEHOLDER, *, errors: str = "") -> str:
        """The error ratio; nothing where there are no events.

        `errors` is an expression for the failed events, where they are recorded already.
        """
        if isinstance(self.indicator, RatioQuery):
            return self._ratio(window)
        # Without events, 0/0 is NaN, which poisons long windows, and 1/0 is +Inf, which fires.
        return f"{errors or _in_brackets(self.errors(window))} / ({self.total(window)} > 0)"

    @property
    def needs_no_zero(self) -> bool:
        """Whether the ratio is there without any series of errors."""
        return isinstance(self.indicator, RatioQuery) or bool(self.indicator.good)

    def ratio_of_errors(self, window: str) -> str:
        """The error ratio where there is a series of errors: nothing else makes an alert fire, and it costs half."""
        assert isinstance(self.indicator, EventRatio)  # noqa: S101 - see `needs_no_zero`
        errors = self._summed(self.indicator.errors, window, self.indicator.aggregated)
        return f"{errors} / ({self.total(window)} > 0)"

    @property
    def all_errors(self) -> str:
        """Failed events per second as the scrape has them, one series or many; empty where they can't be told."""
        indicator = self.indicator
        if not isinstance(indicator, EventRatio) or indicator.aggregated or not indicator.countable:
            return ""
        if not indicator.good:
            return indicator.errors
        # Summed up, this is all less the good ones; the label keeps `or` from taking them for the same series.
        return f'{indicator.total} or label_replace(-1 * ({indicator.good}), "{GOOD_LABEL}", "yes", "", "")'

    def _ratio(self, window: str) -> str:
        assert isinstance(self.indicator, RatioQuery)  # noqa: S101 - asked for above
        return self._renamed(_over(self.indicator.ratio, window))

    def _summed(self, query: str, window: str, aggregated: bool) -> str:
        if aggregated:
            return self._renamed(_in_brackets(_over(query, window)))
        subject = self.subject
        own = (subject.namespace_from, subject.name_from) if isinstance(subject, PerWorkload) else ()
        by = (*own, *self.grouping)
        # `sum by ()` would do as well, but nobody writes it.
        grouped = f"sum by ({', '.join(by)}) " if by else "sum"
        return self._renamed(f"{grouped}({_over(query, window)})")

    def _renamed(self, expression: str) -> str:
        subject = self.subject
        if not isinstance(subject, PerWorkload):
            return expression
        for wanted, given in ((NAMESPACE_LABEL, subject.namespace_from), (subject.label, subject.name_from)):
            if wanted != given:
                moved = f'label_replace({expression}, "{wanted}", "$1", "{given}", "(.*)")'
                expression = f'label_replace({moved}, "{given}", "", "", "")'
        return expression


def queries_of(budget: ErrorBudget, subject: Subject) -> Queries:
    """The queries of an objective that judges this subject."""
    return Queries(budget.indicator, subject, budget.grouping)


def _over(query: str, window: str) -> str:
    return query.replace(WINDOW_PLACEHOLDER, window)


def _in_brackets(expression: str) -> str:
    return f"({expression})"
