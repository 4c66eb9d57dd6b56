"""How many events failed since a rollout, counted by a real Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml

from receiver.decision.decide import decide
from receiver.decision.evidence import Evidence, Shown
from receiver.decision.values import Interval
from receiver.prometheus.source import PrometheusSource, SourceOptions
from rules.generate import generate
from rules.parse import parse
from rules.render import render_rule_file
from sandbox.debian import MonitoringBinaries
from sandbox.process import wait_until
from tests.service.prometheus.backfilled import STEP, Backfilled, Counter, backfilled
from tests.unit.scenario import alert, labelled, revision, workload, world

BEGAN = -120
NAME = "http_request_total"


def requests(deployment: str, pod: str, code: str, growth: Any) -> Counter:
    return Counter(NAME, {"namespace": "prod", "deployment": deployment, "pod": pod, "code": code}, growth)


def failing_at(*seconds: int) -> Any:
    """One failed request at each of these moments."""
    return lambda second: sum(1 / STEP for at in seconds if at == second)


def pods(deployment: str, *, old: float, new: float) -> list[Counter]:
    """Two pods of the old release, two of the new one, each with ten requests per second of which so many fail."""
    found = []
    for pod, failing in (("shop-1-a", old), ("shop-1-b", old), ("shop-2-a", new), ("shop-2-b", new)):
        there = BEGAN if pod.startswith("shop-2") else -1800
        for code in ("500", "200"):

            def growth(second: int, code: str = code, failing: float = failing, there: int = there) -> float | None:
                failed = failing if second >= BEGAN else 0.0
                return None if second < there else failed if code == "500" else 10.0 - failed

            found.append(requests(deployment, pod, code, growth))
    return found


SERIES = [
    # A release before failed as well, which the alert's hour remembers.
    requests("many", "many-1-a", "500", lambda second: 4.0 if second < -900 else None),
    requests("many", "many-1-a", "200", lambda second: 6.0 if second < -900 else None),
    requests("many", "many-2-a", "500", lambda second: 1.0 if second >= BEGAN else 0.0),
    requests("many", "many-2-b", "500", lambda second: 1.0 if second >= BEGAN else 0.0),
    requests("many", "many-2-a", "200", lambda _: 3.0),
    # Little traffic: some requests, three of which failed.
    requests("few", "few-2-a", "500", failing_at(-40, -35, -30)),
    requests("few", "few-2-a", "200", lambda second: 0.1 if second >= BEGAN else 0.0),
    # A dependency fails when the rollout begins: all pods fail alike. Their names are those of `workload()`'s releases.
    *pods("alike", old=3.0, new=3.0),
    # The release is bad, and makes it a little worse for the old pods as well.
    *pods("worse", old=1.5, new=6.0),
    # No request ever failed.
    requests("none", "none-2-a", "200", lambda _: 1.0),
]
DEPLOYMENTS = ("many", "few", "none", "alike", "worse")


def carried(deployment: str) -> dict[str, str]:
    """The annotations of the rule that is generated for a deployment."""
    selector = f'{NAME}{{namespace="prod",deployment="{deployment}"'
    text = f"""
apiVersion: metricops.dev/v1
kind: ServiceLevelObjective
metadata: {{name: {deployment}}}
spec:
  service: shop
  workload: {{namespace: prod, deployment: {deployment}}}
  objective: 99
  window: 30d
  indicator:
    errorsOverTotal:
      errors: rate({selector},code=~"5.."}}[$window])
      total: rate({selector}}}[$window])
"""
    rules = yaml.safe_load(render_rule_file([generate(one) for one in parse(text.encode(), "slo")]))
    (found,) = [r for r in rules["groups"][0]["rules"] if r.get("labels", {}).get("metricops") == "undo"]
    annotations: dict[str, str] = found["annotations"]
    return {key: value for key, value in annotations.items() if key.startswith("metricops_")}


def rule(deployment: str) -> dict[str, Any]:
    labels = {"metricops": "undo", "namespace": "prod", "deployment": deployment}
    return {"alert": "Burn", "expr": "vector(1)", "labels": labels, "annotations": carried(deployment)}


@pytest.fixture(scope="module")
def prometheus(monitoring: MonitoringBinaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backfilled]:
    rules = [rule(deployment) for deployment in DEPLOYMENTS]
    with backfilled(monitoring, tmp_path_factory.mktemp("prometheus"), SERIES, rules) as found:
        wait_until(
            lambda: all(ask(found, name).shown is Shown.FIRING for name in DEPLOYMENTS), 30, "the rules are evaluated"
        )
        yield found


def ask(prometheus: Backfilled, name: str) -> Evidence:
    began = Interval(prometheus.at(BEGAN - 10), prometheus.at(BEGAN))
    shop = workload(revision(1), revision(2, created_at=prometheus.at(BEGAN)), rollout_began=began)
    source = PrometheusSource(SourceOptions(prometheus.url))
    found = source.evidence(labelled(alertname="Burn", deployment=name), shop, prometheus.now)
    assert found is not None
    return found


@pytest.mark.parametrize(("name", "failed", "events"), [("many", 240, 600), ("few", 3, 15), ("none", 0, 120)])
def test_events_since_the_rollout(prometheus: Backfilled, name: str, failed: int, events: int) -> None:
    count = ask(prometheus, name).count
    assert count is not None
    assert count.failed == pytest.approx(failed, rel=0.05)
    assert count.events == pytest.approx(events, rel=0.05)
    assert count.since == prometheus.at(BEGAN)


def test_old_and_new_pods_side_by_side(prometheus: Backfilled) -> None:
    beside = ask(prometheus, "worse").side_by_side
    assert beside is not None
    assert (beside.old_pods, beside.new_pods, beside.at) == (2, 2, prometheus.at(BEGAN + 90))
    assert not beside.alike
    assert [beside.old, beside.new] == pytest.approx([0.15, 0.6], rel=0.1)


@pytest.mark.parametrize(
    ("name", "reason"), [("many", "undo"), ("few", "too-few-events"), ("alike", "bad-alike"), ("worse", "undo")]
)
def test_what_is_decided(prometheus: Backfilled, name: str, reason: str) -> None:
    # All rules of this file begin to fire when Prometheus starts, so those of the others are none of a wide fault.
    found = replace(ask(prometheus, name), began_elsewhere=(), active_at=prometheus.at(BEGAN + 30))
    began = Interval(prometheus.at(BEGAN - 10), prometheus.at(BEGAN))
    given = world(
        alert=alert(starts_at=prometheus.at(BEGAN + 30)),
        now=prometheus.now,
        workload=workload(rollout_began=began),
        evidence=found,
    )
    decision = decide(given)
    assert decision.reason.word == reason, (decision, found)
