"""A replay asks what the receiver asks: of one alert at one moment both hear the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import yaml

from cli.replay.alerts import replayed_alerts, shown_at
from cli.replay.evaluation import evaluate
from cli.replay.grid import grid_over
from cli.replay.history import History
from cli.replay.simulation import alert_of
from cli.rule_sources import SourcedSet, read_rule_sources
from receiver.decision.evidence import Answer, Evidence, Shown
from receiver.decision.values import Interval, Workload
from receiver.prometheus.source import PrometheusSource, SourceOptions, evidence_at
from rules.render import render_rule_file
from sandbox.debian import MonitoringBinaries
from sandbox.process import wait_until
from tests.service.prometheus.backfilled import Backfilled, backfilled
from tests.service.rules.test_replay import spec, traffic
from tests.unit.scenario import labelled, revision, workload

BEGAN = -100
LABELS = {"namespace": "prod", "deployment": "bad"}
RAW = """
groups:
- name: raw
  rules:
  - alert: Raw
    expr: sum by (namespace, deployment) (rate(http_request_total{code="500", deployment=~"b.*"}[1m])) > 0.5
    labels: {metricops: undo, team: shop}
"""
WITHIN = timedelta(minutes=5)


def sets() -> tuple[SourcedSet, ...]:
    return read_rule_sources({"slo": spec("bad").encode(), "raw": RAW.encode()})


def released(prometheus: Backfilled) -> Workload:
    began = prometheus.at(BEGAN)
    return workload(revision(1), revision(2, created_at=began), rollout_began=Interval(began, began))


@pytest.fixture(scope="module")
def prometheus(monitoring: MonitoringBinaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backfilled]:
    groups = yaml.safe_load(render_rule_file(one.rules for one in sets()))["groups"]
    rules: list[dict[str, Any]] = [rule for group in groups for rule in group["rules"]]
    series = traffic("bad", lambda second: second >= BEGAN)
    with backfilled(monitoring, tmp_path_factory.mktemp("same"), series, rules) as found:
        names = ("ErrorBudgetBurn", "Raw")
        wait_until(lambda: all(live(found, name).shown is Shown.FIRING for name in names), 60, "both alerts fire")
        yield found


def live(prometheus: Backfilled, name: str) -> Evidence:
    alert = replace(labelled(alertname=name, **LABELS), annotations={})
    found = PrometheusSource(SourceOptions(prometheus.url)).evidence(alert, released(prometheus), prometheus.now)
    assert found is not None
    return found


def replayed(prometheus: Backfilled, name: str) -> Evidence:
    history, step = History(prometheus.url, 5), timedelta(seconds=1)
    grid = grid_over(prometheus.at(-600), prometheus.now, step)
    asking = [alert for alert in replayed_alerts(sets(), step) if alert.may_undo]
    evaluated = [evaluate(alert, history, grid) for alert in asking]
    (episode,) = [one for found in evaluated for one in found.episodes if one.labels["alertname"] == name]
    shown = shown_at(prometheus.now, evaluated)
    return evidence_at(
        shown,
        alert_of(episode),
        released(prometheus),
        prometheus.now,
        ask=history.evidence,
        wide_fault_within=WITHIN,
    )


@pytest.mark.parametrize("name", ["ErrorBudgetBurn", "Raw"])
def test_the_same_evidence(prometheus: Backfilled, name: str) -> None:
    now, then = live(prometheus, name), replayed(prometheus, name)
    assert (now.before.answer, now.since.answer) == (Answer.GOOD, Answer.BAD)
    # The rule was loaded only now: when it became true, the past knows better.
    assert then.active_at is not None
    assert now.active_at is not None
    assert prometheus.at(BEGAN) < then.active_at < now.active_at
    assert replace(then, active_at=None) == replace(now, active_at=None)
