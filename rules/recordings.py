"""What is recorded of an objective: the error ratio over each window, what alerts count, and what people look at.

As few raw series as possible are read: over each window, events once and errors once. Of the shortest window both are
recorded; a longer one learns from that recording that there were events, and sums nothing again to fill in a zero.
"""

from __future__ import annotations

from datetime import timedelta

from rules import names
from rules.durations import format_duration
from rules.group import Recording
from rules.queries import Queries
from rules.specification import ErrorBudget
from rules.windows import number_text


class Recordings:
    """The recordings of one objective. `labels` are those that each of them gets."""

    def __init__(self, budget: ErrorBudget, queries: Queries, labels: dict[str, str]) -> None:
        self._budget = budget
        self._queries = queries
        self._labels = labels
        self._spans = sorted({span for window in budget.windows for span in (window.long, window.short)})
        self._counted = {window.long for window in budget.windows if window.undo}
        self._shortest = self._spans[0] if self._spans else DEFAULT_SHORTEST

    def selected(self, record: str) -> str:
        """A recording of this objective, as a selector."""
        matchers = ",".join(f"{label}={_quoted(value)}" for label, value in self._labels.items())
        return f"{record}{{{matchers}}}"

    def ratio(self, span: timedelta) -> str:
        """The error ratio over a window, as a selector."""
        return self.selected(names.ERROR_RATIO_RECORD + format_duration(span))

    def errors(self, span: timedelta) -> str:
        """Failed events per second over a window that an undo counts in, as a selector."""
        return self.selected(names.ERRORS_RECORD + format_duration(span))

    def for_alerts(self) -> list[Recording]:
        """In the order in which they use one another."""
        recordings = self._of_shortest()
        for span in self._spans:
            if span != self._shortest:
                recordings += self._of_longer(span)
        return [
            *recordings,
            self._recording(
                names.BURN_RATE_RECORD, f"{self.ratio(self._shortest)} / {number_text(self._budget.budget)}"
            ),
            self._recording(names.OBJECTIVE_RECORD, f"vector({number_text(self._budget.objective)})"),
        ]

    def for_people(self) -> list[Recording]:
        """The share of the error budget that is left: events are counted and then divided, however uneven they came."""
        period, window = format_duration(self._budget.period), format_duration(self._shortest)
        if self._queries.counts:
            errors, events = (
                f"sum_over_time({self.selected(record + window)}[{period}])"
                for record in (names.ERRORS_RECORD, names.EVENTS_RECORD)
            )
            ratio = f"{errors} / ({events} > 0)"
        else:
            ratio = f"avg_over_time({self.ratio(self._shortest)}[{period}])"
        return [self._recording(names.BUDGET_REMAINING_RECORD, f"1 - {ratio} / {number_text(self._budget.budget)}")]

    def _of_shortest(self) -> list[Recording]:
        window = format_duration(self._shortest)
        ratio = names.ERROR_RATIO_RECORD + window
        if not self._queries.counts:
            return [self._recording(ratio, self._queries.ratio(window))]
        events = self.selected(names.EVENTS_RECORD + window)
        none = f"0 * {self._bare(events)}"
        return [
            self._recording(names.EVENTS_RECORD + window, self._queries.total(window)),
            self._recording(names.ERRORS_RECORD + window, self._queries.errors(window, none=none)),
            self._recording(ratio, f"{self.errors(self._shortest)} / ({events} > 0)"),
        ]

    def _of_longer(self, span: timedelta) -> list[Recording]:
        window = format_duration(span)
        ratio = names.ERROR_RATIO_RECORD + window
        if not self._queries.counts:
            return [self._recording(ratio, self._queries.ratio(window))]
        events = self.selected(names.EVENTS_RECORD + format_duration(self._shortest))
        if span in self._counted:
            none = f"0 * {self._bare(f'last_over_time({events}[{window}])')}"
            return [
                self._recording(names.ERRORS_RECORD + window, self._queries.errors(window, none=none)),
                self._recording(ratio, self._queries.ratio(window, errors=self._bare(self.errors(span)))),
            ]
        if self._queries.needs_no_zero:
            return [self._recording(ratio, self._queries.ratio(window))]
        seen = self._bare(f"max_over_time({events}[{window}]) > 0")
        return [self._recording(ratio, f"{self._queries.ratio_of_errors(window)} or 0 * {seen}")]

    def _bare(self, expression: str) -> str:
        """Without the labels that recordings get, as the queries' own series are."""
        return f"sum without ({', '.join(self._labels)}) ({expression})"

    def _recording(self, record: str, expression: str) -> Recording:
        return Recording(record, expression, self._labels)


DEFAULT_SHORTEST = timedelta(minutes=5)
"""The window that is recorded where no alert asks for any."""


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
