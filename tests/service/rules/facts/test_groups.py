"""Recordings and the alerts on them are evaluated one after the other: an alert never sees values of a step ago."""

from __future__ import annotations

import re

import pytest
import yaml

from rules.generate import generate
from rules.group import AlertRule, Recording
from rules.render import render_rule_file
from tests.service.rules.facts.virtual_time import ERRORS, TOTAL, Bench, nothing, number, requests, specification

RECORDED = re.compile(r"metricops:[a-z_:]+\w*")


@pytest.mark.parametrize("workload", [{"namespace": "shop", "deployment": "shop"}], ids=["one"])
def test_what_a_rule_reads_is_recorded_before_it_in_its_group(workload: dict[str, str]) -> None:
    """Only the budget that is left reads another group's recordings: it looks back over a month, and nothing fires."""
    group, budget = generate(specification(workload=workload)).groups
    known: set[str] = set()
    for rule in group.rules:
        assert set(RECORDED.findall(rule.expression)) <= known, rule
        known |= {rule.record} if isinstance(rule, Recording) else set()
    assert any(isinstance(rule, AlertRule) for rule in group.rules)
    assert not any(isinstance(rule, AlertRule) for rule in budget.rules)


def test_an_alert_fires_at_the_evaluation_at_which_its_condition_is_true(bench: Bench) -> None:
    """Asked of the raw series at each evaluation: there is an alert when they say so, and else none."""
    bench.rules(specification())
    series = {
        requests("200"): "0+100x120 12000+50x60 15000+100x60",
        requests("503"): "0x120 0+50x60 3000x60",
    }
    ratios = [f"sum({ERRORS}) / sum({TOTAL})".replace("$window", span) for span in ("1h", "5m")]
    condition = " and ".join(f"{ratio} > 0.144" for ratio in ratios)
    alert = 'ALERTS{alertstate="firing",metricops="undo"}'
    checks = []
    for half_minute in range(122, 220):
        at = f"{half_minute * 30}s"
        checks += [
            nothing(f"({condition}) unless on () {alert}", at),
            nothing(f"{alert} unless on () ({condition})", at),
        ]
    checks += [nothing(alert, "75m"), number(f"count({alert})", "85m", 1), nothing(alert, "98m")]
    bench.run(series, checks)


def test_groups_of_one_file_have_names_of_their_own() -> None:
    """Two objectives of one name in two namespaces: Prometheus refuses a file with two groups of one name."""
    other = specification(workload={"namespace": "test", "deployment": "shop"})
    groups = yaml.safe_load(render_rule_file([generate(specification()), generate(other)]))["groups"]
    names = [group["name"] for group in groups]
    assert len(set(names)) == len(names) == 4
