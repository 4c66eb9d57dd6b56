"""The moments at which rules are evaluated again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Grid:
    """Moments `step` apart, the first one `start`; `points` of them, at least one."""

    start: datetime
    step: timedelta
    points: int

    @property
    def end(self) -> datetime:
        """The last moment."""
        return self.at(self.points - 1)

    def at(self, index: int) -> datetime:
        """The moment of that index, from 0."""
        return self.start + index * self.step

    def index(self, moment: datetime) -> int:
        """The index of the moment that is nearest."""
        return round((moment - self.start) / self.step)

    def parts(self, most_points: int) -> Iterator[Grid]:
        """The same moments in grids of at most so many points."""
        for first in range(0, self.points, most_points):
            yield Grid(self.at(first), self.step, min(most_points, self.points - first))


def grid_over(start: datetime, end: datetime, step: timedelta) -> Grid:
    """The moments from `start` on, none later than `end`, that are whole multiples of `step` since 1970.

    So a replay gives the same whenever it is run.
    """
    epoch = datetime.fromtimestamp(0, UTC)
    first = epoch + -((epoch - start) // step) * step
    return Grid(first, step, max(1, (end - first) // step + 1))
