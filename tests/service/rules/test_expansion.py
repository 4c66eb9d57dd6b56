"""Recordings that a real Prometheus has evaluated are what their expansion gives at the same moments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import urllib3

from rules.document import read_documents
from rules.expansion import Recordings, recordings_of
from rules.fields import Field
from rules.generate import generate
from rules.group import Recording
from rules.parse import parse
from rules.rule_file import read_rule_document
from sandbox.debian import MonitoringBinaries
from sandbox.process import wait_until
from tests.service.prometheus.backfilled import Backfilled, Counter, backfilled

HTTP = urllib3.PoolManager(retries=False, timeout=5)
LABELS = {"namespace": "prod", "deployment": "shop"}
SERIES = [
    Counter("http_request_total", {**LABELS, "pod": "a", "code": "200"}, lambda second: 9 + second % 7),
    Counter("http_request_total", {**LABELS, "pod": "b", "code": "500"}, lambda second: second % 3),
    Counter("http_request_total", {"namespace": "prod", "deployment": "cart", "code": "200"}, lambda _: 4.0),
]
SLO = """
apiVersion: metricops.dev/v1
kind: ServiceLevelObjective
metadata: {name: shop}
spec:
  service: shop
  workload: {namespace: prod, deployment: shop}
  objective: 99
  window: 30d
  indicator:
    errorsOverTotal:
      errors: rate(http_request_total{deployment="shop",code=~"5.."}[$window])
      total: rate(http_request_total{deployment="shop"}[$window])
  alerting:
    windows:
      - {severity: page, long: 10m, short: 1m, factor: 10}
      - {severity: ticket, long: 20m, short: 5m, factor: 5}
"""
RAW = """
groups:
- name: raw
  rules:
  - {record: 'd:requests:rate1m', expr: 'sum by (namespace, deployment) (rate(http_request_total[1m]))'}
  - record: 'd:requests:rate1m'
    expr: sum by (code) (rate(http_request_total[1m]))
    labels: {deployment: all, k: 'a"$1'}
  - {record: 'only:regex', expr: 'd:requests:rate1m{deployment=~"s.*|all",code!="500"} * 2'}
  - {record: 'only:equal', expr: '-d:requests:rate1m{deployment="cart"}', labels: {namespace: ''}}
  - {record: 'only:none', expr: 'd:requests:rate1m{code=""} unless d:requests:rate1m{deployment!~"cart"}'}
"""


def rules() -> list[Recording]:
    generated = [rule for one in parse(SLO.encode(), "slo") for rule in generate(one).groups[0].rules]
    nodes, problems = read_documents(RAW.encode(), "raw")
    raw = read_rule_document(Field(nodes[0], "", "raw", problems))
    assert raw is not None
    assert problems == []
    return recordings_of([*generated, *raw.rules])


@pytest.fixture(scope="module")
def prometheus(monitoring: MonitoringBinaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backfilled]:
    loaded = [{"record": r.record, "expr": r.expression, "labels": r.labels} for r in rules()]
    with backfilled(monitoring, tmp_path_factory.mktemp("recorded"), SERIES, loaded) as found:
        wait_until(lambda: len(ask(found.url, "count(only:none)[1m:1s]")) > 0, 30, "the rules are evaluated")
        yield found


def ask(url: str, query: str, at: float | None = None) -> list[dict[str, Any]]:
    given = {"query": query, **({"time": f"{at:.3f}"} if at else {})}
    try:
        response = HTTP.request("POST", f"{url}/api/v1/query", fields=given)
    except urllib3.exceptions.HTTPError:
        return []
    if response.status == 503:  # It is starting.
        return []
    answer = response.json()
    assert answer["status"] == "success", answer
    result: list[dict[str, Any]] = answer["data"]["result"]
    return result


def values(url: str, query: str, at: float) -> dict[frozenset[tuple[str, str]], float]:
    return {
        frozenset((name, value) for name, value in one["metric"].items() if name != "__name__"): float(one["value"][1])
        for one in ask(url, query, at)
    }


@pytest.mark.parametrize("name", sorted({rule.record for rule in rules()}))
def test_a_recording_is_its_expansion(prometheus: Backfilled, name: str) -> None:
    found = ask(prometheus.url, f"{name}[1m]")
    at = float(found[0]["values"][-1][0])
    recorded = values(prometheus.url, name, at)
    assert recorded
    text = Recordings(rules(), timedelta(seconds=1)).expand(name)
    assert not any(f"{rule.record}" in text for rule in rules())
    expanded = values(prometheus.url, text, at)
    assert expanded.keys() == recorded.keys()
    assert [expanded[key] for key in recorded] == pytest.approx([*recorded.values()])
