"""Alerts that may undo by an expression of their own: what is worth a second thought, and what is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from rules.generate import generate
from rules.group import AlertRule
from rules.lints import (
    ALWAYS_A_VALUE,
    ANY_WORKLOAD,
    AT_ONCE,
    CHANGING_LABEL,
    LABEL_COLLISION,
    ONCE_PER_SERIES,
    SINGLE_EVENT,
    lint,
)
from rules.parse import parse
from tests.unit.rules.test_generate import EXAMPLES

SHOP = {"namespace": "shop", "deployment": "shop"}
WHOSE = 'namespace="shop",deployment="shop"'


def lints(expression: str, **labels: str) -> list[str]:
    rule = AlertRule("A", expression, timedelta(), {"metricops": "undo", **labels}, {})
    found = [found.name for found in lint(rule)]
    # The two go together where nothing has to last.
    assert (SINGLE_EVENT in found) == (AT_ONCE in found)
    assert AT_ONCE not in [found.name for found in lint(replace(rule, hold=timedelta(minutes=1)))]
    return [name for name in found if name != AT_ONCE]


@pytest.mark.parametrize(
    ("expression", "labels", "expected"),
    [
        # The talk's, for one workload and for whomever its series name.
        ('rate(http_request_total{code=~"^5.*$"}[5m]) > 0', SHOP, [ONCE_PER_SERIES, SINGLE_EVENT, ANY_WORKLOAD]),
        ('rate(http_request_total{code=~"^5.*$"}[5m]) > 0', {}, [ONCE_PER_SERIES, SINGLE_EVENT]),
        (f"sum(rate(a{{{WHOSE}}}[5m])) > 1", SHOP, []),
        (f"sum(rate(a{{{WHOSE}}}[5m])) / sum(rate(b{{{WHOSE}}}[5m])) > 0.05", SHOP, []),
        ("sum by (namespace, deployment) (rate(a[5m])) > 1", {}, []),
        ("sum by (namespace, deployment) (increase(a[5m])) >= 1", {}, [SINGLE_EVENT]),
        ("sum by (namespace, deployment) (increase(a[5m])) >= 5", {}, []),
        ("sum by (namespace, deployment) (rate(a[5m])) >= 1", {}, []),
        ("0 < sum by (namespace, deployment) (irate(a[5m]))", {}, [SINGLE_EVENT]),
        ("sum by (namespace, deployment) (a) > 0", {}, []),
        ("sum by (namespace, deployment) (rate(a[5m])) < 0", {}, []),
        ("sum by (namespace, pod) (rate(a[5m])) > 1", {}, [ONCE_PER_SERIES]),
        ("max without (pod) (rate(a[5m])) > 1", {}, [ONCE_PER_SERIES]),
        ("max without (pod, instance) (rate(a[5m])) > 1", {}, []),
        ("sum by (namespace) (rate(a[5m])) > 1", SHOP, [ANY_WORKLOAD, LABEL_COLLISION]),
        ('sum by (namespace) (rate(a{namespace=~"shop|test"}[5m])) > 1', SHOP, [LABEL_COLLISION]),
        ('sum by (namespace) (rate(a{namespace="shop"}[5m])) > 1', SHOP, []),
        ('sum(rate(a{exported_namespace="shop"}[5m])) > 1', SHOP, []),
        ('sum(rate(a{namespace!="test"}[5m])) > 1', SHOP, [ANY_WORKLOAD]),
        (f"sum(rate(a{{{WHOSE}}}[5m])) > sum(rate(b[5m]))", SHOP, [ANY_WORKLOAD]),
        ("sum by (severity) (rate(a[5m])) > 1", {"severity": "page"}, [LABEL_COLLISION]),
        ("sum by (team) (rate(a[5m])) > 1", {"team": "{{ $labels.owner }}"}, []),
        ("sum(rate(a[5m]) > 1", SHOP, []),
        ("sum(up{namespace='shop'}) < bool 1", SHOP, [ALWAYS_A_VALUE]),
        ("(sum(rate(a{namespace='shop'}[5m])) > bool 0)", SHOP, [ALWAYS_A_VALUE]),
        ("sum(rate(a{namespace='shop'}[5m]))", SHOP, [ALWAYS_A_VALUE]),
        ("count(a{namespace='shop'} == 0)", SHOP, []),
        ("sum(a{namespace='shop'}) unless sum(b{namespace='shop'})", SHOP, []),
        ("sum(a{namespace='shop'} > bool 1)", SHOP, [ALWAYS_A_VALUE]),
        ("absent(a{namespace='shop'})", {}, []),
        ("sum(rate(a[5m])) > 1", {"team": "{{ $value }}"}, [CHANGING_LABEL]),
        ("sum(rate(a[5m])) > 1", {"team": "{{ .Value | humanize }}"}, [CHANGING_LABEL]),
    ],
)
def test_lints(expression: str, labels: dict[str, str], expected: list[str]) -> None:
    assert lints(expression, **labels) == expected


def test_only_what_may_undo_is_looked_at() -> None:
    assert lints("rate(a[5m]) > 0", metricops="people") == []


def test_each_says_what_follows() -> None:
    rule = AlertRule("A", "rate(a[5m]) > 0", timedelta(), {"metricops": "undo", **SHOP}, {})
    told = {found.name: found.message for found in lint(rule)}
    assert "an alert of its own" in told[ONCE_PER_SERIES]
    assert "a single failed event fires it" in told[SINGLE_EVENT]
    assert "deployment shop/shop is blamed for the series of all others" in told[ANY_WORKLOAD]


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_objectives_are_not_linted(name: str) -> None:
    for found in parse(EXAMPLES[name].read_bytes(), name):
        alerts = [rule for rule in generate(found).rules if isinstance(rule, AlertRule)]
        raw = [alert for alert in alerts if alert.alert == "DeployerRule"]
        assert not [told for alert in alerts if alert not in raw for told in lint(alert)]
