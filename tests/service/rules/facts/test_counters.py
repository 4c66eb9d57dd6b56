"""Counters of many pods, which come and go, and which start anew."""

from __future__ import annotations

from tests.service.rules.facts.virtual_time import (
    PAGES,
    TICKETS,
    Bench,
    firing,
    never_nan_nor_infinite,
    number,
    requests,
    specification,
)


def restarting(by_step: int, every: int, first: int, steps: int = 240) -> str:
    """A counter that starts anew every so many steps."""
    values = []
    value = 0
    for step in range(steps):
        value = 0 if step % every == first % every else value + by_step
        values.append(value)
    return " ".join(map(str, values))


def test_counters_that_start_anew_change_no_ratio(bench: Bench) -> None:
    """A restart is no negative traffic and no burst: the ratio stays about 10 % throughout (a reset hides one step)."""
    rules = bench.rules(specification())
    series = {
        requests(code, pod): restarting(growth, every=20, first=first)
        for pod, first in (("a", 3), ("b", 10), ("c", 17))
        for code, growth in (("200", 90), ("503", 10))
    }
    near = "abs({} - 0.1) < bool 0.005"
    spans = ("5m", "30m", "1h", "6h")
    checks = [
        number(near.format(f"sum(metricops:slo_error_ratio:rate{span})"), at, 1)
        for span in spans
        for at in ("65m", "80m", "95m", "110m")
    ]
    checks += [firing(at, {("6h", ""), *TICKETS}) for at in ("65m", "80m", "95m", "110m")]
    bench.run(series, [*checks, *never_nan_nor_infinite(rules, ("5m", "80m", "110m"))])


def test_a_restart_at_high_counts_is_no_burst_of_errors(bench: Bench) -> None:
    """From a million back to nothing: nothing fires on it."""
    bench.rules(specification())
    series = {requests("200"): "1000000+100x60 0+100x180", requests("503"): "50000x60 0x180"}
    bench.run(series, [firing(at, set()) for at in ("31m", "32m", "40m", "2h")])


def test_replicas_are_summed(bench: Bench) -> None:
    """One of four pods fails all its requests: a quarter of the workload's, and one alert."""
    bench.rules(specification())
    series = {requests("200", pod): "0+100x240" for pod in "abc"} | {requests("503", "d"): "0+100x240"}
    checks = [number("metricops:slo_error_ratio:rate5m", "65m", 0.25), firing("65m", PAGES | TICKETS)]
    bench.run(series, checks)


def test_several_series_of_a_workload_are_summed(bench: Bench) -> None:
    """By path and method, some without an error: their errors and events count together."""
    bench.rules(specification())
    series = {
        requests("200", path="/", method="GET"): "0+600x240",
        requests("200", path="/buy", method="POST"): "0+200x240",
        requests("500", path="/buy", method="POST"): "0+150x240",
        requests("503", path="/", method="GET"): "0+50x240",
    }
    bench.run(series, [number("metricops:slo_error_ratio:rate1h", "65m", 0.2), firing("65m", PAGES | TICKETS)])


def test_pods_that_are_replaced_all_the_time_are_one_workload(bench: Bench) -> None:
    """Each lives ten minutes and is another series: the hour has six of them, the five minutes one or two."""
    bench.rules(specification())
    series = {}
    for number_of_pod in range(12):
        before = f"_x{number_of_pod * 20} " if number_of_pod else ""
        series[requests("200", f"p{number_of_pod}")] = f"{before}0+80x19 stale"
        series[requests("503", f"p{number_of_pod}")] = f"{before}0+20x19 stale"
    bench.run(series, [firing(at, PAGES | TICKETS) for at in ("62m", "70m", "80m30s", "99m", "110m")])
