"""Synthetic courses of events over time: how many, how many of them fail, and what a scrape sees of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Sight = Literal["seen", "missed", "gone"]
"""A scrape finds the series, or does not take place (a gap), or finds the target without them (a stale marker)."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What happens from one scrape to the next: a burn rate of 1 is an error ratio of 1 - objective.

    `traffic` is a share of the usual events. At a `restart` all counters begin at 0 again.
    """

    burn: float = 0.0
    traffic: float = 1.0
    sight: Sight = "seen"
    restart: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """A course of `hours`, scraped and evaluated every `step` minutes; `at` says what happens at an hour.

    Where `born_late`, the series of errors appear with their first error. Scenarios that are `for_counters` say
    nothing about gauges.
    """

    name: str
    hours: float
    at: Callable[[float], Moment]
    step: int = 1
    born_late: bool = False
    for_counters: bool = False

    @property
    def evaluations(self) -> int:
        """How many there are, the one at time 0 included."""
        return round(self.hours * 60 / self.step) + 1

    def moments(self) -> list[Moment]:
        """One per scrape, the first at time 0."""
        return [self.at(number * self.step / 60) for number in range(self.evaluations)]


def scenarios(factors: tuple[float, float, float, float]) -> list[Scenario]:
    """All of them, for the factors of fast page, slow page, fast ticket and slow ticket.

    The long windows hold nothing before the course begins, so that each is filled by its burn soon enough.
    """
    fast = 1.1 * factors[0]
    found = [Scenario("clean", 8, lambda _: Moment(burn=0.2))]
    for name, factor, burning, hours, step in (
        ("fast page", factors[0], 2, 11, 1),
        ("slow page", factors[1], 7, 16, 1),
        ("fast ticket", factors[2], 24, 34, 3),
        ("slow ticket", factors[3], 24, 34, 3),
    ):
        for share, word in ((1.1, "over"), (0.9, "under")):
            spike = _between(2, 2 + burning, Moment(burn=share * factor))
            found.append(Scenario(f"spike 10 % {word} {name}", hours, spike, step))
    return [
        *found,
        Scenario("slow burn", 44, lambda hour: Moment(burn=0.15 * hour if hour < 36 else 0.0), step=3),
        Scenario(
            "gap without scrapes", 11, _inside(3, 3.4, Moment(fast, sight="missed"), _between(2, 4, Moment(fast)))
        ),
        Scenario("gap of the target", 11, _inside(3, 3.4, Moment(sight="gone"), _between(2, 4, Moment(fast)))),
        Scenario("counters restart", 11, _restart(3, _between(2, 4, Moment(fast))), for_counters=True),
        Scenario("traffic ends", 11, _inside(3, 6, Moment(traffic=0), _between(2, 4, Moment(fast)))),
        Scenario("traffic begins", 11, _inside(0, 2, Moment(traffic=0), _between(2, 4, Moment(fast)))),
        Scenario("late start", 11, _inside(0, 2, Moment(sight="gone"), _between(3, 5, Moment(fast))), born_late=True),
        Scenario("uneven days", 76, _uneven(factors[1]), step=3),
    ]


def _between(begin: float, end: float, burning: Moment) -> Callable[[float], Moment]:
    return lambda hour: burning if begin < hour <= end else Moment()


def _inside(begin: float, end: float, other: Moment, rest: Callable[[float], Moment]) -> Callable[[float], Moment]:
    return lambda hour: other if begin <= hour < end else rest(hour)


def _restart(at: float, rest: Callable[[float], Moment]) -> Callable[[float], Moment]:
    def moment(hour: float) -> Moment:
        found = rest(hour)
        return Moment(found.burn, restart=True) if math.isclose(hour, at) else found

    return moment


def _uneven(factor: float) -> Callable[[float], Moment]:
    """A hundred times the traffic at noon that there is at midnight; in the second and third night much fails."""

    def moment(hour: float) -> Moment:
        traffic = 10 ** -(1 + math.cos(2 * math.pi * hour / 24))
        night = hour % 24 < 4 and hour >= 24 and hour < 72
        return Moment(burn=4 * factor if night else 0.5, traffic=traffic)

    return moment
