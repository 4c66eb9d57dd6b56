"""One rule for many workloads, in a real Prometheus: each alert is asked about its own workload's series alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from receiver.decision.evidence import Answer, Evidence, Shown
from receiver.decision.values import Interval
from receiver.prometheus.source import PrometheusSource, SourceOptions
from rules.generate import generate
from rules.parse import parse
from rules.render import render_rule_file
from sandbox.debian import MonitoringBinaries
from sandbox.process import wait_until
from tests.service.prometheus.backfilled import Backfilled, Counter, backfilled
from tests.unit.scenario import labelled, revision, workload

BEGAN = -120
HOSTILE = 'sh"op$1}) or vector(9'

SLO = """
apiVersion: metricops.dev/v1
kind: ServiceLevelObjective
metadata: {name: http}
spec:
  service: http
  workload: {per: deployment, namespaceLabel: exported_namespace, nameLabel: app}
  objective: 99
  window: 30d
  indicator:
    INDICATOR
  alerting:
    windows: [{severity: page, long: 2m, short: 1m, factor: 10}]
"""
ERRORS = """errorsOverTotal:
      errors: rate(http_request_total{code=~"5.."}[$window])
      total: rate(http_request_total[$window])"""
GOOD = """goodOverTotal:
      good: rate(http_request_total{code!~"5.."}[$window])
      total: rate(http_request_total[$window])"""


def requests(namespace: str, app: str, pod: str, *, before: float, since: float) -> list[Counter]:
    """Ten requests per second of which so many fail before the rollout and since. Its exporter has a namespace too."""
    labels = {"namespace": "monitoring", "exported_namespace": namespace, "app": app.replace('"', '\\"'), "pod": pod}

    def failed(second: int) -> float:
        return since if second >= BEGAN else before

    return [
        Counter("http_request_total", {**labels, "code": "500"}, failed),
        Counter("http_request_total", {**labels, "code": "200"}, lambda second: 10.0 - failed(second)),
    ]


SERIES = [
    *(one for pod in ("shop-1-a", "shop-1-b") for one in requests("prod", "shop", pod, before=0.0, since=3.0)),
    *(one for pod in ("shop-2-a", "shop-2-b") for one in requests("prod", "shop", pod, before=0.0, since=6.0)),
    # The same name elsewhere, and another one beside it.
    *requests("test", "shop", "shop-1-a", before=9.0, since=9.0),
    *requests("prod", "cart", "cart-1-a", before=0.0, since=0.0),
    *requests("prod", HOSTILE, "x-1-a", before=0.0, since=5.0),
]


def rules(indicator: str) -> list[dict[str, Any]]:
    text = SLO.replace("INDICATOR", indicator)
    groups = yaml.safe_load(render_rule_file([generate(one) for one in parse(text.encode(), "slo")]))["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.fixture(scope="module", params=[ERRORS, GOOD], ids=["errors", "good"])
def prometheus(
    request: pytest.FixtureRequest, monitoring: MonitoringBinaries, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backfilled]:
    folder = tmp_path_factory.mktemp("prometheus")
    with backfilled(monitoring, folder, SERIES, rules(request.param)) as found:
        wait_until(lambda: ask(found, "prod", "shop").shown is Shown.FIRING, 30, "the alert fires")
        yield found


def ask(prometheus: Backfilled, namespace: str, name: str) -> Evidence:
    began = Interval(prometheus.at(BEGAN - 10), prometheus.at(BEGAN))
    shop = workload(revision(1), revision(2, created_at=prometheus.at(BEGAN)), rollout_began=began)
    alert = labelled(alertname="ErrorBudgetBurn", namespace=namespace, deployment=name)
    found = PrometheusSource(SourceOptions(prometheus.url)).evidence(alert, shop, prometheus.now)
    assert found is not None
    return found


def test_the_sli_is_the_workloads_own(prometheus: Backfilled) -> None:
    found = ask(prometheus, "prod", "shop")
    assert found.no_sli == ""
    assert (found.before.answer, found.since.answer) == (Answer.GOOD, Answer.BAD)
    assert found.before.value == 0
    assert found.since.value == pytest.approx(0.45, rel=0.15)
    assert found.labels["namespace"] == "prod"
    assert "exported_namespace" not in found.labels


def test_its_events_are_counted_without_the_others(prometheus: Backfilled) -> None:
    count = ask(prometheus, "prod", "shop").count
    assert count is not None
    assert count.failed == pytest.approx(18 * 120, rel=0.1)
    assert count.events == pytest.approx(40 * 120, rel=0.1)


def test_its_pods_are_compared(prometheus: Backfilled) -> None:
    beside = ask(prometheus, "prod", "shop").side_by_side
    assert beside is not None
    assert (beside.old_pods, beside.new_pods) == (2, 2)
    assert [beside.old, beside.new] == pytest.approx([0.3, 0.6], rel=0.1)


def test_the_same_name_in_another_namespace_was_bad_before(prometheus: Backfilled) -> None:
    found = ask(prometheus, "test", "shop")
    assert (found.shown, found.before.answer) == (Shown.FIRING, Answer.BAD)
    assert found.before.value == pytest.approx(0.9, rel=0.05)


def test_a_workload_that_does_well_has_no_alert(prometheus: Backfilled) -> None:
    assert ask(prometheus, "prod", "cart").shown is Shown.ABSENT


def test_a_name_with_everything_in_it(prometheus: Backfilled) -> None:
    found = ask(prometheus, "prod", HOSTILE)
    assert (found.shown, found.no_sli) == (Shown.FIRING, "")
    assert (found.before.answer, found.since.answer) == (Answer.GOOD, Answer.BAD)
    assert found.count is not None
    assert found.count.failed == pytest.approx(5 * 120, rel=0.1)
