"""An alert fires at the evaluations at which a real Prometheus has it firing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3

from cli.replay.alerts import ReplayedAlert
from cli.replay.evaluation import evaluate
from cli.replay.grid import Grid
from cli.replay.history import History
from rules.group import AlertRule
from sandbox.debian import MonitoringBinaries
from sandbox.process import wait_until
from tests.service.prometheus.running import Running, running

HTTP = urllib3.PoolManager(retries=False, timeout=5)
SECOND = timedelta(seconds=1)
LEAST = 24
"""Evaluations in a row: four times around."""
EXPRESSION = "vector(time() % 6) >= 3"
"""True at three evaluations of six."""
RULES = {
    "Plain": AlertRule("Plain", EXPRESSION, 0 * SECOND, {}, {}),
    "Held": AlertRule("Held", EXPRESSION, 2 * SECOND, {}, {}),
    "NeverHeld": AlertRule("NeverHeld", EXPRESSION, 3 * SECOND, {}, {}),
    "Lingers": AlertRule("Lingers", EXPRESSION, 1 * SECOND, {}, {}, 2 * SECOND),
    "GoesOn": AlertRule("GoesOn", EXPRESSION, 0 * SECOND, {}, {}, 4 * SECOND),
}


@pytest.fixture(scope="module")
def prometheus(monitoring: MonitoringBinaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    loaded: list[Mapping[str, Any]] = [{"record": "evaluated", "expr": "vector(1)"}]
    for rule in RULES.values():
        times = {"for": f"{rule.hold.seconds}s", "keep_firing_for": f"{rule.lingers.seconds}s"}
        loaded.append({"alert": rule.alert, "expr": rule.expression, **times})
    with running(monitoring, tmp_path_factory.mktemp("episodes"), loaded) as found:
        wait_until(lambda: len(in_a_row(found.url)) >= LEAST, 90, "it has evaluated the rules often enough in a row")
        yield found


def moments(url: str, selector: str) -> list[float]:
    """When a series has samples."""
    try:
        response = HTTP.request("POST", f"{url}/api/v1/query", fields={"query": f"{selector}[5m]"})
    except urllib3.exceptions.HTTPError:
        return []
    series = response.json()["data"]["result"] if response.status == 200 else []
    return [float(at) for one in series for at, _ in one["values"]]


def in_a_row(url: str) -> list[float]:
    """The last evaluations of which none was missed, which happens on a busy machine."""
    found: list[float] = []
    for moment in moments(url, "evaluated"):
        found = [*found, moment] if found and moment - found[-1] < 1.5 else [moment]
    return found


@pytest.mark.parametrize("name", sorted(RULES))
def test_it_fires_when_prometheus_has_it_firing(prometheus: Running, name: str) -> None:
    evaluations = in_a_row(prometheus.url)
    grid = Grid(datetime.fromtimestamp(evaluations[0], UTC), SECOND, len(evaluations))
    found = evaluate(ReplayedAlert("f", "g", RULES[name], EXPRESSION), History(prometheus.url, 5), grid)
    assert found.failure == ""
    fired = {n for n in range(grid.points) if any(one.fires_at(grid.at(n)) for one in found.episodes)}
    selector = f'ALERTS{{alertname="{name}",alertstate="firing"}}'
    truly = {round(at - evaluations[0]) for at in moments(prometheus.url, selector)}
    # What began before the row is not seen by it; nor does Prometheus write down alerts before it has looked for the
    # states of an earlier start.
    compared = set(range(6, grid.points))
    assert fired & compared == truly & compared
    assert bool(fired) is (name != "NeverHeld")
