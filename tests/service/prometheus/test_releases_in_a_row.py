"""Releases that follow each other quickly, under an alert whose long window remembers the earlier one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from receiver.decision.decide import decide
from receiver.decision.evidence import Answer, Evidence, Shown
from receiver.decision.values import Decision, Interval, RestoredBy, Workload
from receiver.prometheus.source import PrometheusSource, SourceOptions
from sandbox.debian import MonitoringBinaries
from sandbox.process import wait_until
from tests.service.prometheus.backfilled import Backfilled, Counter, backfilled
from tests.unit.scenario import alert, labelled, revision, workload, world

RATIO = (
    'sum by (namespace, deployment) (rate(http_request_total{code="500"}[25m]))'
    " / sum by (namespace, deployment) (rate(http_request_total[25m]))"
)
NAME = "http_request_total"


def carried(deployment: str) -> dict[str, str]:
    selector = f'{NAME}{{deployment="{deployment}"'
    sli = f'sum(rate({selector},code="500"}}[$window])) / sum(rate({selector}}}[$window]))'
    return {"metricops_sli": sli, "metricops_limit": "0.1", "metricops_short_window": "5m"}


def errors(deployment: str, *bad: range) -> list[Counter]:
    """40 % of the requests fail in these seconds."""

    def failed(second: int) -> float:
        return 4.0 if any(second in span for span in bad) else 0.0

    labels = {"namespace": "prod", "deployment": deployment, "pod": "a"}
    return [
        Counter(NAME, {**labels, "code": "500"}, failed),
        Counter(NAME, {**labels, "code": "200"}, lambda second: 10 - failed(second)),
    ]


BEGAN = -200
SERIES = [
    *errors("mended", range(-900, BEGAN)),
    *errors("second", range(-1500, -900), range(BEGAN, 1)),
    *errors("again", range(-900, -350), range(BEGAN, 1)),
    *errors("never", range(-1500, 1)),
]
DEPLOYMENTS = ("mended", "second", "again", "never")


def rule(deployment: str) -> dict[str, Any]:
    labels = {"metricops": "undo", "namespace": "prod", "deployment": deployment}
    ratio = RATIO
    expression = f'({ratio}) > 0.1 and on (deployment) group({NAME}{{deployment="{deployment}"}}) by (deployment)'
    return {"alert": "Burn", "expr": expression, "labels": labels, "annotations": carried(deployment)}


@pytest.fixture(scope="module")
def prometheus(monitoring: MonitoringBinaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backfilled]:
    rules = [rule(deployment) for deployment in DEPLOYMENTS]
    with backfilled(monitoring, tmp_path_factory.mktemp("prometheus"), SERIES, rules) as found:
        wait_until(
            lambda: all(ask(found, name).shown is Shown.FIRING for name in DEPLOYMENTS), 30, "the rules are evaluated"
        )
        yield found


def shop(prometheus: Backfilled, undone_at: int | None = None) -> Workload:
    """Three releases: long ago, 20 minutes ago, and the one that is judged."""
    at = prometheus.at
    first, second, third = (
        revision(1, created_at=at(-5000)),
        revision(2, created_at=at(-1200)),
        revision(3, created_at=at(BEGAN)),
    )
    restored = RestoredBy("shop-2", first.template_hash, at(undone_at)) if undone_at else None
    began = Interval(at(BEGAN), at(BEGAN))
    return workload(first, second, third, rollout_began=began, restored_by=restored)


def ask(prometheus: Backfilled, name: str, undone_at: int | None = None) -> Evidence:
    source = PrometheusSource(SourceOptions(prometheus.url))
    found = source.evidence(labelled(alertname="Burn", deployment=name), shop(prometheus, undone_at), prometheus.now)
    assert found is not None
    return found


def judge(
    prometheus: Backfilled, name: str, *, fires_since: int = -800, undone_at: int | None = None
) -> tuple[Evidence, Decision]:
    """The decision about the alert; unless said, it has fired since long before the rollout."""
    # All rules of this file begin to fire when Prometheus starts: a wide fault, were it real.
    found = replace(ask(prometheus, name, undone_at), began_elsewhere=())
    given = alert(labels={**alert().labels, "alertname": "Burn"}, starts_at=prometheus.at(fires_since))
    return found, decide(world(alert=given, now=prometheus.now, workload=shop(prometheus, undone_at), evidence=found))


def test_what_the_long_window_remembers_does_not_condemn_the_fix(prometheus: Backfilled) -> None:
    found, decision = judge(prometheus, "mended", fires_since=-100)
    assert (found.before.answer, decision.reason.word) == (Answer.BAD, "bad-before")


def test_an_alert_that_goes_on_does_not_protect_a_second_bad_release(prometheus: Backfilled) -> None:
    found, decision = judge(prometheus, "second")
    assert (found.before.answer, found.since.answer, decision.reason.word) == (Answer.GOOD, Answer.BAD, "undo")
    assert found.onset is not None
    assert BEGAN <= (found.onset - prometheus.now).total_seconds() <= BEGAN + 100


def test_nor_one_that_follows_an_undo_within_the_short_window(prometheus: Backfilled) -> None:
    found, decision = judge(prometheus, "again", undone_at=-345)
    assert (found.before.answer, found.since.answer, decision.reason.word) == (Answer.GOOD, Answer.BAD, "undo")
    # Without the undo, the errors of 200 seconds ago are taken for those of the release before.
    assert ask(prometheus, "again").before.answer is Answer.BAD


def test_trouble_that_never_ended_blames_no_release(prometheus: Backfilled) -> None:
    found, decision = judge(prometheus, "never", fires_since=-100)
    assert (found.before.answer, found.onset, decision.reason.word) == (Answer.BAD, None, "bad-before")
