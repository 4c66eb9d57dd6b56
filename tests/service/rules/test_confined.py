"""Prometheus' own parser finds the workload's matchers on every selector of a rule that was accepted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from hypothesis import HealthCheck, Phase, given, settings

from sandbox.debian import monitoring_binaries
from tests.service.prometheus.running import running
from tests.unit.rules.deployer.test_confinement import EXPRESSION
from tests.unit.rules.deployer.workload import TALK, alerts, made

HTTP = urllib3.PoolManager(retries=False)
NEEDED = {("namespace", "=", "shop"), ("deployment", "=", "web")}
HAND_MADE = (
    TALK,
    "SUM BY (up) (up{a='}'}) > 1",
    'a * on ("b", c) group_left (d) e == bool 1',
    "max_over_time(rate(a[5m])[1h:1m] offset 5m) > 1e-3 or {'up'}",
    "- {name: a, expr: 'rate(up[5m]) > 0', minimumEvents: 5, events: 'increase(up[5m]) or b'}",
)


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus that gives syntax trees: 3.0 was the first."""
    with running(monitoring_binaries("newest", progress=print), tmp_path_factory.mktemp("parser"), []) as started:
        started.process.wait_until(lambda: _is_ready(started.url), 30, "/-/ready answers")
        yield f"{started.url}/api/v1/parse_query"


def _is_ready(url: str) -> bool:
    try:
        return HTTP.request("GET", f"{url}/-/ready").status == 200
    except urllib3.exceptions.HTTPError:
        return False


def selectors(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "matchers" in node:
            yield node
        for inner in node.values():
            yield from selectors(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from selectors(inner)


def check(parser: str, text: str) -> bool:
    """Whether the rule was accepted; then it is looked at."""
    found = made(text)
    for alert in alerts(found) if found.groups else []:
        answer = HTTP.request("POST", parser, fields={"query": alert.expression}, encode_multipart=False)
        read = list(selectors(json.loads(answer.data)["data"]))
        assert read, alert.expression
        for one in read:
            assert {(each["name"], each["type"], each["value"]) for each in one["matchers"]} >= NEEDED, alert.expression
    return bool(found.groups)


def test_by_hand(parser: str) -> None:
    assert all(check(parser, text) for text in HAND_MADE)


@settings(max_examples=400, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
@given(EXPRESSION)
def test_whatever_is_accepted(parser: str, text: str) -> None:
    check(parser, text)
