"""Averages and counts: a night of few requests weighs as much as a day of many only in an average."""

from __future__ import annotations

from itertools import accumulate

from tests.service.rules.facts.virtual_time import (
    ERRORS,
    TOTAL,
    Bench,
    nothing,
    number,
    requests,
    specification,
    window,
)

DAYS = 4
STEPS_A_DAY = 48
"""Of half an hour."""


def counter(by_step: list[int]) -> str:
    """A counter's values from its growth at each step."""
    return " ".join(map(str, accumulate(by_step, initial=0)))


def days(day: int, night: int) -> str:
    half = STEPS_A_DAY // 2
    return counter(([day] * half + [night] * half) * DAYS)


SLOWLY = {"windows": [window("ticket", "1d", "2h", 3)]}


def test_the_budget_is_reckoned_from_counts(bench: Bench) -> None:
    """By day 1,000 requests a step and none fails, by night one, which fails: 0.1 % of the requests, a tenth of the
    budget of 1 %. The mean of the ratios would be 50 %.
    """
    bench.rules(specification(window=f"{DAYS}d", alerting=SLOWLY))
    series = {requests("200"): days(1000, 0), requests("503"): days(0, 1)}
    mean = "avg_over_time(metricops:slo_error_ratio:rate2h[4d])"
    checks = [
        number("round(metricops:slo_error_budget_remaining:ratio, 0.01)", "96h", 0.9),
        number(f"{mean} > bool 0.4", "96h", 1),
    ]
    bench.run(series, checks, step="30m")


def test_a_long_window_is_reckoned_from_counts(bench: Bench) -> None:
    """The ratio over a day is errors by events of that day, not the mean of shorter ratios."""
    bench.rules(specification(window=f"{DAYS}d", alerting=SLOWLY))
    series = {requests("200"): days(1000, 0), requests("503"): days(0, 1)}
    raw = f"sum({ERRORS}) / sum({TOTAL})".replace("$window", "1d")
    checks = [
        number("round(metricops:slo_error_ratio:rate1d, 0.0001)", "72h", 0.001),
        nothing(f"abs(sum(metricops:slo_error_ratio:rate1d) - ({raw})) > 1e-9", "72h"),
    ]
    bench.run(series, checks, step="30m")
