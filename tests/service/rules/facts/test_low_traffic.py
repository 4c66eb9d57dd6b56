"""Where few events come: one failure is no reason to undo, and a service that is dead is told of all the same."""

from __future__ import annotations

import pytest

from tests.service.rules.facts.virtual_time import (
    FAST,
    Bench,
    firing,
    nothing,
    number,
    requests,
    specification,
    window,
)

UNDOES = 'ALERTS{metricops="undo"}'
ONE_WINDOW = {"windows": [window("page", "1h", "5m", 2)]}


def spread(first: int, every: int, times: int, steps: int) -> str:
    """A counter that grows by one every so many steps, from a step on, so many times."""
    grows = {first + number * every for number in range(times)}
    return " ".join(str(sum(step <= now for step in grows)) for now in range(steps))


def test_one_failure_at_low_traffic_never_undoes(bench: Bench) -> None:
    """A request every twelve minutes, and one fails: a sixth of the hour's, all of the five minutes'."""
    bench.rules(specification())
    series = {requests("200"): spread(20, 24, 12, 480), requests("503"): "0x130 1x349"}
    ratio = number("metricops:slo_error_ratio:rate1h > bool 0.144", "1h7m", 1)
    bench.run(series, [ratio, *(nothing(UNDOES, f"{minutes}m") for minutes in range(60, 140))])


@pytest.mark.parametrize("pods", [1, 5])
@pytest.mark.parametrize(("failures", "undoes"), [(4, False), (5, True)])
def test_the_fifth_failure_undoes(bench: Bench, failures: int, undoes: bool, pods: int) -> None:
    """By default, five in the hour, also where each is of another pod. The ratio is above the factor all along."""
    bench.rules(specification(alerting=ONE_WINDOW))
    if pods == 1:
        series = {requests("503"): f"0x200 {failures}x40"}
    else:
        series = {requests("503", f"p{pod}"): "0x200 1x40" for pod in range(failures)}
    check = firing("102m", {FAST} if undoes else set())
    bench.run(series | {requests("200"): "0x240"}, [firing("99m", set()), check])


@pytest.mark.parametrize(("least", "undoes"), [(6, True), (7, True), (8, False)])
def test_the_least_number_is_met_exactly(bench: Bench, least: int, undoes: bool) -> None:
    """Seven failures of seven pods are seven, though their rates times the window are 6.999…"""
    windows = {"windows": [window("page", "2m", "1m", 2)], "minimumErrors": least}
    bench.rules(specification(alerting=windows))
    series = {requests("503", f"p{pod}"): "0x200 1x40" for pod in range(7)}
    found = firing("51s", {("2m", "undo")} if undoes else set())
    bench.run(
        series | {requests("200"): "0x240"},
        [found | {"eval_time": "3m21s"}],
        step="1s",
    )


STEP, DAY, HOUR = "2m", 720, 30
"""A scrape every other minute: what is recorded over five minutes needs two samples."""
FIRST_AND_LAST = {"windows": [window("page", "1h", "5m", 14.4), window("ticket", "3d", "6h", 1)]}
LAST = 'count(ALERTS{long_window="3d",alertstate="firing"})'


@pytest.mark.parametrize("hours", [1, 7])
def test_a_dead_service_with_little_traffic_alerts_people_without_a_break(bench: Bench, hours: int) -> None:
    """An event every so many hours, and since the second day all fail: from the fifth failure on, the alert goes on,
    although the six hours of its short window have no event in between. Nothing is undone.
    """
    bench.rules(specification(alerting=FIRST_AND_LAST))
    every = hours * HOUR
    series = {
        requests("200"): spread(1, every, DAY // every, 3 * DAY),
        requests("503"): spread(DAY, every, 2 * DAY // every, 3 * DAY),
    }
    checks = [number(LAST, f"{hour}h", 1) for hour in range(24 + 6 * hours, 72)]
    # At one an hour, the hour never holds five.
    bench.run(series, [*checks, *(nothing(UNDOES, f"{hour}h") for hour in range(1, 72))], step=STEP)


def test_a_service_that_serves_again_ends_the_alert(bench: Bench) -> None:
    """One good event in the short window is enough."""
    bench.rules(specification(alerting=FIRST_AND_LAST))
    good = DAY + 45 * HOUR
    series = {
        requests("503"): spread(DAY, 7 * HOUR, 6, 3 * DAY),
        requests("200"): f"0x{good - 1} 1x{3 * DAY - good}",
    }
    bench.run(series, [number(LAST, "68h", 1), nothing(LAST, "69h30m")], step=STEP)


def test_a_service_that_serves_again_on_new_pods_ends_the_alert(bench: Bench) -> None:
    """The pods that failed are gone, and with them the series of errors."""
    bench.rules(specification(alerting=FIRST_AND_LAST))
    good = DAY + 45 * HOUR
    series = {
        requests("503"): spread(DAY, 7 * HOUR, 6, good - HOUR) + " stale",
        requests("200", "new"): f"_x{good - 10} 0x9 1x{3 * DAY - good}",
    }
    bench.run(series, [number(LAST, "68h", 1), nothing(LAST, "69h30m")], step=STEP)


def test_a_single_failure_does_not_go_on_for_days(bench: Bench) -> None:
    """Fewer than five in three days: with its short window, the alert ends."""
    bench.rules(specification(alerting=FIRST_AND_LAST))
    series = {requests("503"): f"0x{DAY - 1} 1x{DAY}", requests("200"): f"0x{2 * DAY}"}
    bench.run(series, [number(LAST, "25h", 1), nothing(LAST, "31h"), nothing(LAST, "40h")], step=STEP)
