"""The courses of events as series in promtool's notation, and as the counts that the definition of an SLO speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from bench.rules.scenarios import Moment, Scenario

REQUESTS_PER_MINUTE = 200_000
CLIENTS = 3
BILLION = 1_000_000_000
SATISFIED, UNSATISFIED = "0.95", "0.4"


@dataclass(frozen=True, slots=True)
class Counts:
    """Events and failed events of each step, as they happen, whether scraped or not: whole numbers, in any unit."""

    events: list[int]
    errors: list[int]


@dataclass(frozen=True, slots=True)
class Course:
    """One scenario for one objective: what promtool is given, and the truth."""

    series: list[dict[str, str]]
    counts: Counts


class Source(Protocol):
    """What a specification's queries select."""

    @property
    def counters(self) -> bool:
        """Whether the series are counters."""

    def course(self, scenario: Scenario, budget: Fraction) -> Course:
        """The scenario in these series."""


@dataclass(frozen=True, slots=True)
class Requests:
    """`http_request_duration_seconds_count` of a job: two pods, three codes."""

    job: str
    counters: bool = True

    def course(self, scenario: Scenario, budget: Fraction) -> Course:
        """Counters; half of the errors are 500 of one pod, the others 429 of the other."""
        moments = scenario.moments()
        events = [0, *(round(REQUESTS_PER_MINUTE * scenario.step * one.traffic) for one in moments[1:])]
        for number, one in enumerate(moments):
            if one.sight == "gone":
                events[number] = 0
        errors = _spread(
            [count * min(1.0, one.burn * float(budget)) for count, one in zip(events, moments, strict=True)]
        )
        halves = [count // 2 for count in errors]
        others = [count - half for count, half in zip(errors, halves, strict=True)]
        good = [count - failed for count, failed in zip(events, errors, strict=True)]
        first = [count // 3 for count in good]
        second = [count - third for count, third in zip(good, first, strict=True)]
        parts = (("a", "200", first), ("b", "200", second), ("a", "500", halves), ("b", "429", others))
        series = [
            {
                "series": f'http_request_duration_seconds_count{{job="{self.job}",pod="{pod}",code="{code}"}}',
                "values": _counter(moments, counts, scenario.born_late and code != "200"),
            }
            for pod, code, counts in parts
        ]
        return Course(series, Counts(events, errors))


@dataclass(frozen=True, slots=True)
class Clients:
    """`unifipoller_client_satisfaction_ratio` of some clients, each of which is content or not."""

    counters: bool = False

    def course(self, scenario: Scenario, budget: Fraction) -> Course:
        """Gauges; without traffic there is no client, with less there are fewer."""
        moments = scenario.moments()
        present = [round(CLIENTS * one.traffic) if one.sight != "gone" else 0 for one in moments]
        bad = _spread([count * min(1.0, one.burn * float(budget)) for count, one in zip(present, moments, strict=True)])
        series = [
            _gauge(
                client,
                [
                    "_"
                    if one.sight == "missed"
                    else _absent(number, client, present)
                    if client >= there
                    else (UNSATISFIED if client < failed else SATISFIED)
                    for number, (one, there, failed) in enumerate(zip(moments, present, bad, strict=True))
                ],
            )
            for client in range(CLIENTS)
        ]
        return Course(series, Counts(present, bad))


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """The same metric, whose mean is the share of what is good."""

    counters: bool = False

    def course(self, scenario: Scenario, budget: Fraction) -> Course:
        """Gauges that are all alike."""
        moments = scenario.moments()
        present = [round(CLIENTS * one.traffic) if one.sight != "gone" else 0 for one in moments]
        billionths = [round(BILLION * min(1.0, one.burn * float(budget))) for one in moments]
        series = [
            _gauge(
                client,
                [
                    "_"
                    if one.sight == "missed"
                    else _absent(number, client, present)
                    if client >= there
                    else f"{1 - bad / BILLION:.9f}"
                    for number, (one, there, bad) in enumerate(zip(moments, present, billionths, strict=True))
                ],
            )
            for client in range(CLIENTS)
        ]
        errors = [there * bad for there, bad in zip(present, billionths, strict=True)]
        return Course(series, Counts([there * BILLION for there in present], errors))


def _spread(amounts: Sequence[float]) -> list[int]:
    """Whole numbers that add up to what the amounts add up to, at every step."""
    found: list[int] = []
    total, given = 0.0, 0
    for amount in amounts:
        total += amount
        found.append(int(total + 1e-9) - given)
        given += found[-1]
    return found


def _counter(moments: Sequence[Moment], counts: Sequence[int], born_late: bool) -> str:
    values: list[str] = []
    total, is_there = 0, False
    for moment, count in zip(moments, counts, strict=True):
        total = count if moment.restart else total + count
        if moment.sight == "gone" or (born_late and total == 0):
            values.append("stale" if is_there else "_")
            is_there = False
        else:
            values.append("_" if moment.sight == "missed" else str(total))
            is_there = True
    return " ".join(values)


def _absent(number: int, client: int, present: Sequence[int]) -> str:
    """A stale marker where the client has just gone, no sample afterwards."""
    return "stale" if number and client < present[number - 1] else "_"


def _gauge(client: int, values: Sequence[str]) -> dict[str, str]:
    return {"series": f'unifipoller_client_satisfaction_ratio{{client="{client}"}}', "values": " ".join(values)}
