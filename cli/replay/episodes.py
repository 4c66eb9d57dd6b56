"""From evaluations of an alerting rule to the times during which the alert fired.

As Prometheus' rule manager has it: an alert is active from the first evaluation that gives its series; it fires from
the first evaluation that is `for` later, if every one in between gave it; it ends with the first evaluation that does
not, or where the rule has `keep_firing_for`, that much after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cli.replay.grid import Grid


@dataclass(frozen=True, slots=True)
class Episode:
    """A time during which an alert fired.

    `active_at` is when its expression became true, `starts_at` when it began to fire, `ends_at` the first evaluation at
    which it no longer did; None where it still does at the end.
    """

    labels: Mapping[str, str]
    active_at: datetime
    starts_at: datetime
    ends_at: datetime | None

    def fires_at(self, moment: datetime) -> bool:
        """Whether it fires at that moment."""
        return self.starts_at <= moment and (self.ends_at is None or moment < self.ends_at)


def episodes(
    labels: Mapping[str, str], present: Iterable[int], grid: Grid, *, hold: timedelta, lingers: timedelta
) -> list[Episode]:
    """The times of one series; `present` are the indexes of the evaluations that gave it."""
    given = set(present)
    found: list[Episode] = []
    active = firing = gone = None
    for index in range(grid.points):
        if index in given:
            gone = None
            active = index if active is None else active
            if firing is None and (index - active) * grid.step >= hold:
                firing = index
            continue
        if firing is None or active is None:
            active = None
            continue
        gone = index if gone is None else gone
        if (index - gone) * grid.step < lingers:
            continue
        found.append(Episode(labels, grid.at(active), grid.at(firing), grid.at(index)))
        active = firing = gone = None
    if firing is not None and active is not None:
        found.append(Episode(labels, grid.at(active), grid.at(firing), None))
    return found
