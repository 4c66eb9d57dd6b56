"""Asking a real Prometheus about more than it answers at once, and what is told where it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from cli.replay.grid import Grid
from cli.replay.history import History, HistoryError, QueryRefused
from sandbox.debian import MonitoringBinaries
from sandbox.process import wait_until
from tests.service.prometheus.backfilled import STEP, Backfilled, Counter, backfilled

MOST_SAMPLES = 300
SECOND = timedelta(seconds=1)
START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def prometheus(monitoring: MonitoringBinaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backfilled]:
    series = [Counter("steps", {"n": str(n)}, lambda _: 1.0) for n in range(3)]
    flag = f"--query.max-samples={MOST_SAMPLES}"
    with backfilled(monitoring, tmp_path_factory.mktemp("asked"), series, [], flag) as found:
        wait_until(lambda: answers(found.url), 30, "it answers")
        yield found


def answers(url: str) -> bool:
    try:
        return bool(History(url, 5).over("vector(1)", Grid(START, SECOND, 1)))
    except HistoryError:
        return False


def test_more_points_than_one_answer_may_have(prometheus: Backfilled) -> None:
    history = History(prometheus.url, 5)
    (series,) = history.over("vector(1)", Grid(START, timedelta(hours=1), 500))
    assert len(series.samples) == 500
    assert history.requests > 1  # A day has 24 of these points, and at least 60 are asked for.
    assert [sample.at for sample in series.samples] == [START + n * timedelta(hours=1) for n in range(500)]


def test_more_samples_than_it_takes(prometheus: Backfilled) -> None:
    # 240 points of three series: more than it may load for one query, but not for a quarter of it.
    history = History(prometheus.url, 5)
    grid = Grid(prometheus.at(-240 * STEP), timedelta(seconds=STEP), 240)
    found = history.over("steps", grid)
    assert [len(series.samples) for series in found] == [240, 240, 240]
    assert history.requests == 1 + 2 + 4


def test_what_is_too_much_even_in_parts(prometheus: Backfilled) -> None:
    query = "sum_over_time(steps[20m])"
    with pytest.raises(HistoryError, match="too many samples"):
        History(prometheus.url, 5).over(query, Grid(prometheus.at(-600), SECOND, 600))


def test_a_query_that_it_refuses(prometheus: Backfilled) -> None:
    with pytest.raises(QueryRefused, match="parse error"):
        History(prometheus.url, 5).over("sum(", Grid(START, SECOND, 1))


def test_something_else_at_that_address(prometheus: Backfilled) -> None:
    with pytest.raises(HistoryError, match="did not answer as Prometheus does: HTTP 404"):
        History(f"{prometheus.url}/nothing", 5).over("x", Grid(START, SECOND, 1))


def test_names_of_metrics(prometheus: Backfilled) -> None:
    assert History(prometheus.url, 5).values("__name__", Grid(prometheus.at(-600), SECOND, 600)) == ["steps"]
