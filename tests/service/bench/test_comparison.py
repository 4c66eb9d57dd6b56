"""Two sets of rules in real promtool: where they fire alike, and what is told where they do not."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from bench.rules.comparison import Bench, Outcome
from bench.rules.scenarios import Moment, Scenario
from bench.rules.series import Requests
from bench.rules.specifications import Example, Load, marked
from sandbox.debian import MonitoringBinaries

OBJECTIVE = "shop-availability"
EXAMPLE = Example("shop.yml", (Load(Requests("shop"), (OBJECTIVE,)),))
REQUESTS = 'http_request_duration_seconds_count{job="shop"'
SPIKE = Scenario("spike", 4, lambda hour: Moment(burn=20 if 1 < hour <= 2 else 0))


def rules(record: str, labels: str, side: str, above: str) -> list[dict[str, Any]]:
    """The fast page alone, above an error ratio."""
    recordings = "".join(
        f"""
  - record: {record}{window}
    expr: sum(rate({REQUESTS},code!="200"}}[{window}])) / sum(rate({REQUESTS}}}[{window}]))
    labels: {labels}"""
        for window in ("5m", "1h")
    )
    text = f"""
groups:
- name: {side}
  rules:{recordings}
  - alert: Page
    expr: {record}1h > {above} and {record}5m > {above}
    labels: {{sloth_id: {OBJECTIVE}, sloth_severity: page}}
"""
    return marked(text, side)


def compared(monitoring: MonitoringBinaries, folder: Path, *, ours: str) -> Outcome:
    groups = [
        *rules("slo:sli_error:ratio_rate", f"{{sloth_id: {OBJECTIVE}}}", "sloth", "0.0144"),
        *rules("metricops:slo_error_ratio:rate", f"{{slo: {OBJECTIVE}}}", "metricops", ours),
    ]
    bench = Bench(monitoring.promtool, folder, groups, EXAMPLE, {OBJECTIVE: Fraction(1, 1000)})
    return bench.compare(SPIKE)


def test_equal_rules_fire_alike_and_as_the_definition_says(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    outcome = compared(monitoring, tmp_path, ours="0.0144")
    page, ticket = outcome.fired
    assert (page.sloth, page.metricops, page.sloth_unlike_defined, page.metricops_unlike_defined) == (
        page.metricops,
        page.sloth,
        page.defined - page.sloth,  # The definition has the slow page as well, whose rule is not there.
        page.defined - page.sloth,
    )
    assert page.sloth > 10
    assert (ticket.sloth, ticket.metricops) == (0, 0)
    assert outcome.differences == []


def test_a_rule_that_fires_later_is_told_and_judged(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    outcome = compared(monitoring, tmp_path, ours="0.0164")
    first = outcome.differences[0]
    assert (first.severity, first.firing, first.right) == ("page", "sloth", "sloth")
    assert first.cause == "equal ratios, unlike conditions"
    # Above 14.4 of 20 after 60 · 14.4/20 minutes of an hour before that had no errors, above 16.4 six minutes later.
    assert (first.first, first.evaluations) == (104, 6)


def test_a_rule_that_fails_is_no_comparison(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    twice = 'label_replace(vector(1), "a", "b", "", "") or label_replace(vector(1), "a", "c", "", "")'
    groups = [{"name": "g", "rules": [{"record": "x", "expr": f"vector(1) / on () ({twice})"}]}]
    bench = Bench(monitoring.promtool, tmp_path, groups, EXAMPLE, {OBJECTIVE: Fraction(1, 1000)})
    with pytest.raises(RuntimeError, match="promtool"):
        bench.compare(SPIKE)
