"""How a workload stands after its undo, asked of a real Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from receiver.decision.evidence import Answer, Bound, Evidence, Shown
from receiver.decision.phases import Phase
from receiver.decision.recovery import AlertState, Standing
from receiver.decision.values import Alert
from receiver.prometheus.source import PrometheusSource, SourceOptions
from rules.comparison import Comparison
from sandbox.debian import MonitoringBinaries
from sandbox.process import free_port, wait_until
from tests.service.prometheus.running import running
from tests.unit.scenario import labelled

SLI = {"metricops_sli": "avg_over_time(test_ratio[$window])", "metricops_short_window": "1m", "metricops_limit": "0.1"}
NO_EVENTS = {**SLI, "metricops_sli": "avg_over_time(test_ratio[$window]) / 0 * 0"}
SEVERAL = {**SLI, "metricops_sli": 'avg_over_time({__name__=~"test_.+"}[$window])'}
STRICT = {**SLI, "metricops_limit": "0.01"}


UP = {"a": 0.9, "b": 0.05}


def rule(name: str, expression: str, annotations: dict[str, str]) -> dict[str, object]:
    labels = {"metricops": "undo", "namespace": "prod", "deployment": "shop"}
    return {"alert": name, "expr": expression, "labels": labels, "annotations": annotations}


RULES: list[dict[str, Any]] = [
    {"record": "test_ratio", "expr": "vector(0.05)"},
    {"record": "test_other", "expr": "vector(0.5)"},
    *({"record": "test_up", "expr": f"vector({value})", "labels": {"zone": zone}} for zone, value in UP.items()),
    rule("RawBelow", "test_up < 0.1", {}),
    rule("Good", "test_ratio > 1", SLI),
    rule("Bad", "test_ratio > 1", STRICT),
    rule("NoEvents", "test_ratio > 1", NO_EVENTS),
    rule("Several", "test_ratio > 1", SEVERAL),
    rule("Unasked", "test_ratio > 1", {}),
    rule("Firing", "test_ratio > 0.01", SLI),
    rule("Broken", 'test_ratio > on() {__name__=~"test_.+"}', SLI),
]


@pytest.fixture(scope="module")
def source(monitoring: MonitoringBinaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusSource]:
    folder: Path = tmp_path_factory.mktemp("prometheus")
    kept = {**rule("Kept", "test_ratio > 0.01", SLI), "keep_firing_for": "2m"}
    rules = [*RULES, kept] if knows_keep_firing(monitoring) else RULES
    with running(monitoring, folder, rules) as started:
        found = PrometheusSource(SourceOptions(started.url))
        wait_until(lambda: stands(found, "Firing").alert is AlertState.ACTIVE, 30, "the rules are evaluated")
        yield found


def knows_keep_firing(monitoring: MonitoringBinaries) -> bool:
    return tuple(map(int, monitoring.prometheus_version.split(".")[:2])) >= (2, 42)


def about(name: str) -> Alert:
    return labelled(alertname=name)


def stands(source: PrometheusSource, name: str, phase: Phase = Phase.ROLLED_BACK) -> Standing:
    return source.standing(about(name), phase)


def test_good_and_bad_by_the_rules_own_limit(source: PrometheusSource) -> None:
    good, bad = stands(source, "Good"), stands(source, "Bad")
    assert (good.alert, good.sli.answer, good.sli.value) == (AlertState.ABSENT, Answer.GOOD, 0.05)
    assert (good.bound, good.window) == (Bound(0.1), timedelta(minutes=1))
    assert good.is_quiet
    assert (bad.alert, bad.sli.answer) == (AlertState.ABSENT, Answer.BAD)
    assert not bad.is_quiet


@pytest.mark.parametrize("name", ["NoEvents", "Several"])
def test_no_number_and_several_are_no_answer(source: PrometheusSource, name: str) -> None:
    found = stands(source, name)
    assert (found.alert, found.sli.answer, found.window) == (AlertState.ABSENT, Answer.UNKNOWN, timedelta(minutes=1))
    assert not found.is_quiet


def test_a_rule_without_an_sli(source: PrometheusSource) -> None:
    assert stands(source, "Unasked") == Standing(AlertState.ABSENT)


@pytest.mark.parametrize(("zone", "answer"), [("a", Answer.GOOD), ("c", Answer.UNKNOWN), ("", Answer.UNKNOWN)])
def test_a_raw_rule_is_asked_for_the_series_of_the_alert(source: PrometheusSource, zone: str, answer: Answer) -> None:
    labels = {**about("RawBelow").labels, **({"zone": zone} if zone else {})}
    found = source.standing(labelled(**labels), Phase.ROLLED_BACK, Evidence(Shown.FIRING, labels=labels))
    assert (found.alert, found.sli.answer, found.bound) == (
        AlertState.ABSENT if zone else AlertState.ACTIVE,
        answer,
        Bound(0.1, Comparison.BELOW),
    )


def test_active_unhealthy_unknown(source: PrometheusSource) -> None:
    assert stands(source, "Firing").alert is AlertState.ACTIVE
    assert stands(source, "Broken").alert is AlertState.UNKNOWN
    assert stands(source, "Nobody").alert is AlertState.UNKNOWN
    assert (
        PrometheusSource(SourceOptions(f"http://127.0.0.1:{free_port()}")).standing(about("Good"), Phase.ROLLED_BACK)
        == Standing()
    )


def test_the_sli_is_asked_only_after_an_undo(source: PrometheusSource) -> None:
    before = stands(source, "Good", Phase.AWAITING_APPROVAL)
    after = stands(source, "Good")
    assert before == replace(after, sli=Standing().sli)


def test_how_long_an_alert_is_kept_firing(source: PrometheusSource, monitoring: MonitoringBinaries) -> None:
    if knows_keep_firing(monitoring):
        assert stands(source, "Kept").lingers == timedelta(minutes=2)
    assert stands(source, "Firing").lingers == timedelta(0)
