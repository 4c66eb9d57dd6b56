"""How long certificates live, and when each is replaced: fractions of one setting, the serving certificate's life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

BACKDATED = timedelta(hours=1)
"""By so much a certificate is valid before it is made: clocks differ."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """All from `serving`; `eagerness`, from 0 to 1, is each replica's own, so that they do not all act at once."""

    serving: timedelta = timedelta(days=30)
    eagerness: float = 0.0

    @property
    def authority(self) -> timedelta:
        """How long an authority lives: 360 days where a serving certificate lives 30."""
        return 12 * self.serving

    @property
    def renew_left(self) -> timedelta:
        """With less than this left, a serving certificate is renewed: after two thirds of its life, or just before."""
        return self.serving * (1 / 3 + self.eagerness / 20)

    @property
    def urgent_left(self) -> timedelta:
        """With less than this left, a serving certificate does not wait for its authority's successor any longer."""
        return self.serving / 6

    @property
    def succeed_left(self) -> timedelta:
        """With less than this left, an authority gets a successor.

        That is four lives of a serving certificate: none is ever cut short by the end of its authority.
        """
        return self.authority * (1 / 3 + self.eagerness / 20)

    @property
    def published_for(self) -> timedelta:
        """How long a successor must have been in the published bundle before it signs what is served.

        An hour, where lives are not made short. An API server knows of a change by its watch, at once; one whose
        watch died in silence begins another within ten minutes (client-go's longest).
        """
        return min(timedelta(hours=1), self.serving / 48)

    @property
    def look_every(self) -> timedelta:
        """How often each replica looks at everything when nothing tells it to."""
        return min(timedelta(seconds=30), self.serving / 60)
