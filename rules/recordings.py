"""What is recorded of an objective: the error ratio over each window, what alerts count, and what people look at.

As few raw series as possible are read: over each window, events once and errors once. Of the shortest window both are
recorded; a longer one learns from that recording that there were events, and sums nothing again to fill in a zero.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from rules import names
from rules.durations import format_duration
from rules.group import Recording
from rules.promql import quoted
from rules.queries import Queries
from rules.specification import ErrorBudget
from rules.windows import number_text


class Recordings:
    """The recordings of one objective. `labels` are those that each of them gets; events are counted over `counted`.

    Over each window of `looked_for`, the ratio is there exactly where there were events, also where no series of
    errors is left and the last of them was long ago.
    """

    def __init__(
        self,
        budget: ErrorBudget,
        queries: Queries,
        labels: dict[str, str],
        counted: Iterable[timedelta],
        looked_for: Iterable[timedelta],
    ) -> None:
        self._budget = budget
        self._queries = queries
        self._labels = labels
        self._matchers = ",".join(f"{label}={quoted(value)}" for label, value in labels.items())
        self._spans = sorted({span for window in budget.windows for span in (window.long, window.short)})
        self._counted = set(counted)
        self._looked_for = set(looked_for)
        self._shortest = self._spans[0] if self._spans else DEFAULT_SHORTEST

    def selected(self, record: str) -> str:
        """A recording of this objective, as a selector."""
        return f"{record}{{{self._matchers}}}"

    def ratio(self, span: timedelta) -> str:
        """The error ratio over a window, as a selector."""
        return self.selected(names.ERROR_RATIO_RECORD + format_duration(span))

    def errors(self, span: timedelta) -> str:
        """Failed events per second over a window that an undo counts in, as a selector."""
        return self.selected(names.ERRORS_RECORD + format_duration(span))

    @property
    def presence(self) -> str:
        """What is recorded whenever the series are there that the objective is about, as a selector."""
        if not self._queries.counts:
            return self.ratio(self._shortest)
        # Where good events come from the series of all events, without them there are no errors either.
        return self.errors(self._shortest) if self._queries.same_series else self._events(self._shortest)

    def had_events(self, span: timedelta) -> str:
        """Gives something where there were events in a window of `looked_for`."""
        ratio = self.ratio(span)
        return f"({ratio} or {self._most(span)} > 0)" if self._queries.is_unfilled else ratio

    def _most(self, span: timedelta) -> str:
        """The most events in a window, of what is recorded over the shortest; nothing where nothing was recorded."""
        events = self._events(self._shortest)
        # What was recorded at its beginning looks further back than the window does.
        since = span - self._shortest
        return f"max_over_time({events}[{format_duration(since)}])" if since else events

    def _events(self, span: timedelta) -> str:
        return self.selected(names.EVENTS_RECORD + format_duration(span))

    def for_alerts(self) -> list[Recording]:
        """In the order in which they use one another."""
        recordings = self._of_shortest()
        for span in self._spans:
            if span != self._shortest:
                recordings += self._of_longer(span)
        now = f"{self.ratio(self._shortest)} / {number_text(self._budget.budget)}"
        return [*recordings, self._recording(names.BURN_RATE_RECORD, now)]

    def for_people(self) -> list[Recording]:
        """The objective, and the share of its error budget that is left: events are counted and then divided, however
        uneven they came.
        """
        period, window = format_duration(self._budget.period), format_duration(self._shortest)
        if self._queries.counts:
            errors, events = (
                f"sum_over_time({self.selected(record + window)}[{period}])"
                for record in (names.ERRORS_RECORD, names.EVENTS_RECORD)
            )
            ratio = f"{errors} / ({events} > 0)"
        else:
            ratio = f"avg_over_time({self.ratio(self._shortest)}[{period}])"
        return [
            self._recording(names.OBJECTIVE_RECORD, f"vector({number_text(self._budget.objective)})"),
            self._recording(names.BUDGET_REMAINING_RECORD, f"1 - {ratio} / {number_text(self._budget.budget)}"),
        ]

    def _of_shortest(self) -> list[Recording]:
        window = format_duration(self._shortest)
        if not self._queries.counts:
            return [self._recording(names.ERROR_RATIO_RECORD + window, self._queries.ratio(window))]
        return self._counts(self._shortest)

    def _of_longer(self, span: timedelta) -> list[Recording]:
        window = format_duration(span)
        ratio = names.ERROR_RATIO_RECORD + window
        if not self._queries.counts:
            return [self._recording(ratio, self._queries.ratio(window))]
        is_looked_for = span in self._looked_for
        if span not in self._counted:
            # A zero is above no threshold: the last minutes are enough to fill one in for people to look at, and
            # save a fifth of what a window costs, or more. An alert looks at it only where none good is all failed, and
            # the last resort at whether there is a ratio at all.
            is_looked_at = self._queries.none_good_is_all_failed or is_looked_for
            events = self._most(span) if is_looked_at else self._events(self._shortest)
            return [self._recording(ratio, self._queries.ratio(window, seen=f"{events} > 0"))]
        if self._queries.needs_events_twice:
            return self._counts(span)
        errors = self._queries.errors(window, self._most(span) if is_looked_for else self._events(self._shortest))
        total = self._queries.total(window)
        return [
            self._recording(names.ERRORS_RECORD + window, errors),
            self._recording(ratio, f"{self.errors(span)} / {self._queries.matching} ({total} > 0)"),
        ]

    def _counts(self, span: timedelta) -> list[Recording]:
        """All events, the failed ones, and their ratio."""
        window = format_duration(span)
        events = self._events(span)
        return [
            self._recording(names.EVENTS_RECORD + window, self._queries.total(window)),
            self._recording(names.ERRORS_RECORD + window, self._queries.errors(window, events)),
            self._recording(names.ERROR_RATIO_RECORD + window, f"{self.errors(span)} / ({events} > 0)"),
        ]

    def _recording(self, record: str, expression: str) -> Recording:
        return Recording(record, expression, self._labels)


DEFAULT_SHORTEST = timedelta(minutes=5)
"""The window that is recorded where no alert asks for any."""
