"""Rules without a word of ours: the SLI is taken out of the expression that a real Prometheus has loaded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from receiver.decision.evidence import Answer, Bound, Evidence, Shown
from receiver.decision.values import Interval
from receiver.prometheus.source import PrometheusSource, SourceOptions
from rules.comparison import Comparison
from sandbox.debian import MonitoringBinaries
from sandbox.process import wait_until
from tests.service.prometheus.backfilled import Backfilled, Counter, Gauge, backfilled
from tests.unit.scenario import labelled, workload

BEGAN = -300
"""The rollout, in seconds before now."""


def requests(deployment: str, pod: str, code: str, growth: Any) -> Counter:
    labels = {"namespace": "prod", "deployment": deployment, "pod": pod, "code": code}
    return Counter("http_request_total", labels, growth)


def before(value: float) -> Any:
    return lambda second: value if second < BEGAN else None


def since(value: float) -> Any:
    return lambda second: value if second >= BEGAN else None


SERIES = [
    # A bad release: its pods are new, and so are their series.
    requests("talk", "talk-1-a", "500", before(0.0)),
    requests("talk", "talk-1-b", "500", before(0.0)),
    requests("talk", "talk-2-a", "500", since(0.0)),
    requests("talk", "talk-2-b", "500", since(1.0)),
    # The fix of a bad release: 20 minutes remember it.
    requests("fixed", "fixed-1-a", "500", before(1.0)),
    requests("fixed", "fixed-2-a", "500", since(0.0)),
    # No errors, no series, until there are some.
    requests("unseen", "unseen-2-a", "500", since(1.0)),
    Gauge("test_up", {"namespace": "prod", "deployment": "low", "zone": 'a\\"$1'}, lambda s: 1 if s <= BEGAN else 0.2),
    Gauge("test_up", {"namespace": "prod", "deployment": "low", "zone": "b"}, lambda _: 1.0),
    Gauge("test_up", {"namespace": "prod", "deployment": "other", "zone": "b"}, lambda _: 0.0),
]


def rule(name: str, expression: str, **labels: str) -> dict[str, Any]:
    return {"alert": name, "expr": expression, "labels": {"metricops": "undo", **labels}}


RULES = [
    rule("Talk", 'rate(http_request_total{code=~"^5.*$"}[5m]) > 0'),
    rule("Fixed", 'rate(http_request_total{code=~"^5.*$",deployment="fixed"}[20m]) > 0'),
    rule("Blind", 'rate(http_request_total{deployment="talk"}[5m]) > 0', deployment="shop", namespace="prod"),
    rule("Low", "0.5 > test_up"),
    rule("Several", "test_up < 0.5 and test_up < 0.6"),
]


@pytest.fixture(scope="module")
def prometheus(monitoring: MonitoringBinaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backfilled]:
    with backfilled(monitoring, tmp_path_factory.mktemp("prometheus"), SERIES, RULES) as found:
        wait_until(lambda: ask(found, "Several", "other").shown is Shown.FIRING, 30, "the rules are evaluated")
        yield found


def ask(prometheus: Backfilled, name: str, deployment: str, **labels: str) -> Evidence:
    shop = workload(rollout_began=Interval(prometheus.at(BEGAN), prometheus.at(BEGAN)))
    alert = labelled(alertname=name, deployment=deployment, **labels)
    found = PrometheusSource(SourceOptions(prometheus.url)).evidence(alert, shop, prometheus.now)
    assert found is not None
    return found


def test_new_pods_are_judged_by_the_past_of_the_old_ones(prometheus: Backfilled) -> None:
    found = ask(prometheus, "Talk", "talk", pod="talk-2-b", code="500")
    assert (found.before.answer, found.since.answer) == (Answer.GOOD, Answer.BAD)
    assert (found.before.value, found.bound, found.no_sli) == (0.0, Bound(0.0), "")
    assert found.since.value == pytest.approx(1.0, rel=0.1)


def test_what_a_long_window_remembers_does_not_blame_the_fix(prometheus: Backfilled) -> None:
    assert ask(prometheus, "Fixed", "fixed", pod="fixed-1-a", code="500").before.answer is Answer.BAD


def test_a_series_that_was_not_there_says_nothing(prometheus: Backfilled) -> None:
    found = ask(prometheus, "Talk", "unseen", pod="unseen-2-a", code="500")
    assert (found.before.answer, found.since.answer) == (Answer.UNKNOWN, Answer.BAD)


def test_a_series_of_another_workload_is_not_this_ones(prometheus: Backfilled) -> None:
    found = ask(prometheus, "Blind", "shop", pod="talk-2-b", code="500")
    assert (found.shown, found.before.answer, found.since.answer) == (Shown.FIRING, Answer.UNKNOWN, Answer.UNKNOWN)
    assert "0 series" in found.no_sli


def test_a_lower_bound_and_a_label_value_with_everything_in_it(prometheus: Backfilled) -> None:
    found = ask(prometheus, "Low", "low", zone='a"$1')
    assert (found.before.answer, found.since.answer) == (Answer.GOOD, Answer.BAD)
    assert (found.before.value, found.since.value) == (1.0, 0.2)
    assert found.bound == Bound(0.5, Comparison.BELOW)


def test_a_rule_without_an_sli_is_unknown_and_says_why(prometheus: Backfilled) -> None:
    found = ask(prometheus, "Several", "other", zone="b")
    assert (found.shown, found.before.answer, found.since.answer) == (Shown.FIRING, Answer.UNKNOWN, Answer.UNKNOWN)
    assert "'and'" in found.no_sli
