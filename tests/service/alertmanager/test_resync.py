"""What the resync finds at real Alertmanagers of every pair."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from receiver.alertmanager.source import AlertmanagerError, AlertmanagerSource
from receiver.decision import reasons
from receiver.decision.values import Alert, Decision
from receiver.metrics import Metrics
from receiver.resync import Resync
from receiver.rollbacks.claims import Outcome
from sandbox.debian import MonitoringBinaries
from sandbox.process import free_port, wait_until
from tests.service.alertmanager.running import alertmanager, config, expire, fire, silence

SECONDS = 15.0
SHOP = {"alertname": "Burn", "namespace": "shop", "deployment": "shop", "metricops": "undo"}
A_MINUTE_AGO = timedelta(minutes=1)


def now() -> datetime:
    return datetime.now(UTC)


def began() -> datetime:
    return now() - A_MINUTE_AGO


def names(alerts: list[Alert]) -> set[str]:
    return {alert.labels["deployment"] for alert in alerts}


def test_active_alerts_of_our_receiver_alone(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    with alertmanager(monitoring, tmp_path, config()) as url:
        source = AlertmanagerSource(url, "metricops")
        assert source.active(now()) == []
        fire(url, began(), **SHOP)
        fire(url, began(), **{**SHOP, "deployment": "cart", "metricops": "watch"})
        wait_until(lambda: names(source.active(now())) == {"shop"}, SECONDS, "the alert is found")
        (alert,) = source.active(now())
        assert alert.labels == SHOP
        assert alert.status == "firing"
        assert AlertmanagerSource(url, "metric").active(now()) == []
        assert AlertmanagerSource(url, ".*").active(now()) == []


def test_silenced_and_inhibited_alerts_are_left_alone(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    with alertmanager(monitoring, tmp_path, config()) as url:
        source = AlertmanagerSource(url, "metricops")
        fire(url, began(), **SHOP)
        fire(url, began(), **{**SHOP, "deployment": "cart"})
        fire(url, began(), **{**SHOP, "namespace": "other", "deployment": "till"})
        wait_until(lambda: names(source.active(now())) == {"shop", "cart", "till"}, SECONDS, "all are found")
        shop = next(alert for alert in source.active(now()) if alert.labels == SHOP)
        assert source.why_held(shop) is None

        silenced = silence(url, deployment="shop")
        wait_until(lambda: names(source.active(now())) == {"cart", "till"}, SECONDS, "the silence holds")
        assert source.why_held(shop) == f"silenced by {silenced}"
        expire(url, silenced)
        wait_until(lambda: names(source.active(now())) == {"shop", "cart", "till"}, SECONDS, "the silence has ended")
        assert source.why_held(shop) is None

        fire(url, began(), alertname="Maintenance", namespace="shop")
        wait_until(lambda: names(source.active(now())) == {"till"}, SECONDS, "the namespace is inhibited")
        assert str(source.why_held(shop)).startswith("inhibited by ")


def test_muted_alerts_are_left_alone(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    with alertmanager(monitoring, tmp_path, config("[always]")) as url:
        source = AlertmanagerSource(url, "metricops")
        fire(url, began(), **SHOP)
        every_look: list[set[str]] = []
        deadline = time.monotonic() + 3.0
        while time.monotonic() < deadline:  # Also before the group's first flush.
            every_look.append(names(source.active(now())))
        assert len(every_look) > 10
        assert set().union(*every_look) == set()


def test_mute_times_that_do_not_hold(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    tells = not monitoring.alertmanager_version.startswith("0.25")
    with alertmanager(monitoring, tmp_path, config("[never]")) as url:
        source = AlertmanagerSource(url, "metricops")
        fire(url, began(), **SHOP)
        if tells:
            wait_until(lambda: names(source.active(now())) == {"shop"}, SECONDS, "it is told that none holds")
            return
        deadline = time.monotonic() + 2.0
        while time.monotonic() < deadline:  # It can't be known: nothing new is begun.
            assert source.active(now()) == []


def test_an_alertmanager_that_is_down_is_a_metric_and_a_log_line(
    monitoring: MonitoringBinaries, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = Metrics()

    def up(is_up: bool) -> None:
        metrics.source_up.labels("alertmanager").set(is_up)

    handled: list[Alert] = []

    def handle(alert: Alert) -> Outcome:
        handled.append(alert)
        return Outcome(Decision(reasons.NOT_OPTED_IN, "as the test wants it"))

    def resync(url: str) -> tuple[Resync, Callable[[], float | None]]:
        source = AlertmanagerSource(url, "metricops", on_answer=up)
        looking = Resync(source.active, handle, metrics, clock=now, every=timedelta(milliseconds=100))
        return looking, lambda: metrics.registry.get_sample_value("metricops_source_up", {"source": "alertmanager"})

    nowhere = f"http://127.0.0.1:{free_port()}"
    caplog.set_level(logging.INFO, logger="metricops")
    looking, is_up = resync(nowhere)
    with pytest.raises(AlertmanagerError, match="/api/v2/alerts/groups"):
        looking.look()
    looking.start()
    wait_until(lambda: "resync failed" in caplog.text, SECONDS, "it is told")
    looking.stop()
    assert is_up() == 0

    with alertmanager(monitoring, tmp_path, config()) as url:
        fire(url, began(), **SHOP)
        looking, is_up = resync(url)
        looking.start()
        wait_until(lambda: len(handled) > 1, SECONDS, "it is decided again and again")
        looking.stop()
    assert is_up() == 1
    assert metrics.registry.get_sample_value("metricops_decisions_total", {"reason": "not-opted-in"}) == len(handled)
