"""What is refused, with the words that name file, line, field, found and expected."""

from __future__ import annotations

import textwrap
from datetime import timedelta
from fractions import Fraction

import pytest

from rules.parse import parse
from rules.problems import SpecificationError
from rules.specification import Objective, RawRule

GOOD = """\
apiVersion: metricops.dev/v1
kind: ServiceLevelObjective
metadata:
  name: shop
spec:
  service: shop
  workload: {namespace: prod, deployment: shop}
  objective: 99.9
  window: 30d
  indicator:
    errorsOverTotal:
      errors: rate(e[$window])
      total: rate(t[$window])
"""


def problems(text: str) -> list[str]:
    with pytest.raises(SpecificationError) as caught:
        parse(textwrap.dedent(text).encode(), "slo.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_good() -> None:
    (found,) = parse(GOOD.encode(), "slo.yaml")
    assert isinstance(found, Objective)
    assert found.objective == Fraction(999, 1000)
    assert found.budget == Fraction(1, 1000)
    assert found.period == timedelta(days=30)
    assert [float(window.factor) for window in found.windows] == [14.4, 6.0, 3.0, 1.0]
    assert [window.undo for window in found.windows] == [True, False, False, False]


def test_the_talks_rule_is_taken_word_for_word() -> None:
    head = GOOD.split("  objective", maxsplit=1)[0]
    text = head + '  rule:\n    expr: rate(http_request_total{code=~"^5.*$"}[5m]) > 0\n'
    (found,) = parse(text.encode(), "slo.yaml")
    assert isinstance(found, RawRule)
    assert found.expression == 'rate(http_request_total{code=~"^5.*$"}[5m]) > 0'


def test_several_documents_and_a_name_twice() -> None:
    second = GOOD.replace("name: shop", "name: cart", 1)
    assert [s.name for s in parse(f"{GOOD}---\n{second}".encode(), "f")] == ["shop", "cart"]
    assert problems(f"{GOOD}---\n{GOOD}") == [
        "slo.yaml:18: metadata.name: found 'shop' a second time, expected another name than on line 4"
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("objective: 99.9", "objective: 100", "slo.yaml:8: spec.objective: found 100, expected a percentage above 0"),
        ("objective: 99.9", "objective: 101", "spec.objective: found 101"),
        ("objective: 99.9", "objective: 0", "spec.objective: found 0"),
        ("objective: 99.9", 'objective: "99,9"', "spec.objective: found '99,9', expected a percentage"),
        ("objective: 99.9", "objective: .nan", "spec.objective: found nan"),
        ("objective: 99.9", "objective: true", "spec.objective: found True"),
        ("  objective: 99.9\n", "", "slo.yaml:5: spec.objective: found nothing, expected a percentage"),
        ("window: 30d", "window: 1M", "slo.yaml:9: spec.window: found '1M', expected a duration"),
        ("window: 30d", "window: 30", "spec.window: found 30, expected a duration"),
        (
            "[$window])\n      total",
            "[5m])\n      total",
            "errorsOverTotal.errors: found 'rate(e[5m])', expected the placeholder",
        ),
        (
            "service: shop",
            "servise: shop",
            "slo.yaml:6: spec.servise: found an unknown field, expected service (the nearest",
        ),
        (
            "apiVersion: metricops.dev/v1",
            "apiVersion: v1",
            "slo.yaml:1: apiVersion: found 'v1', expected 'metricops.dev/v1'",
        ),
        ("kind: Service", "kind: Servise", "slo.yaml:2: kind: found 'ServiseLevelObjective'"),
        ("deployment: shop", "job: shop", "spec.workload: found none of them, expected exactly one of deployment"),
        ("deployment: shop", "deployment: shop, daemonset: x", "found deployment and daemonset, expected exactly one"),
        ("deployment: shop", "deployment: Shop", "spec.workload.deployment: found 'Shop', expected a DNS name"),
        (
            "  workload: {namespace: prod, deployment: shop}\n",
            "",
            "spec.workload: found nothing, expected namespace and",
        ),
        ("name: shop", "name: [shop]", "slo.yaml:4: metadata.name: found a list, expected a DNS name"),
        ("      total: rate(t[$window])\n", "", "errorsOverTotal.total: found nothing, expected a PromQL query"),
        (
            "spec:\n",
            "spec:\n  rule: {expr: up}\n",
            "spec.objective: found a field of an objective, expected nothing beside rule",
        ),
        (
            "service: shop",
            "service: shop\n  service: shop",
            "slo.yaml:7: spec.service: found the field twice, expected it once",
        ),
        (
            "window: 30d",
            "window: 30d\n  alerting: {windows: [{severity: page, long: 1h, short: 5m, factor: 1000}]}",
            "found 1000 × 0.001 = 1 for the 1h window, expected a factor × budget below 1",
        ),
        (
            "window: 30d",
            "window: 30d\n  alerting: {windows: [{severity: page, long: 1h, short: 2h, factor: 2}]}",
            "spec.alerting.windows[0].short: found '2h', expected less than long (1h)",
        ),
        (
            "window: 30d",
            "window: 30d\n  alerting: {windows: [{severity: loud, long: 1h, short: 5m, factor: 2, budget: 2}]}",
            "spec.alerting.windows[0].severity: found 'loud', expected page or ticket",
        ),
        (
            "window: 30d",
            "window: 30d\n  alerting: {minimumErrors: 0}",
            "minimumErrors: found 0, expected a whole number",
        ),
        (
            "window: 30d",
            "window: 30d\n  alerting: {windows: []}",
            "alerting.windows: found a list, expected a list of windows",
        ),
    ],
)
def test_refused(old: str, new: str, problem: str) -> None:
    assert old in GOOD
    found = problems(GOOD.replace(old, new, 1))
    assert any(problem in text for text in found), found


def test_all_problems_at_once() -> None:
    text = GOOD.replace("99.9", "0").replace("30d", "x").replace("deployment", "deploymnt")
    assert len(problems(text)) == 4


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "slo.yaml: file: found nothing, expected at least one document"),
        ("a: [1", "slo.yaml:1: file: found"),
        ("a: &x [1]\nb: *x\n", "slo.yaml:2: *x: found an alias, expected the value itself"),
        ("[" * 300 + "]" * 300, "deep nesting"),
        ("- 1", "found a list, expected a mapping"),
        ("a: 2026-99-99", "expected"),
        ("x" * (1024 * 1024 + 1), "at most 1048576 bytes"),
    ],
)
def test_hostile_files(text: str, problem: str) -> None:
    assert problem in problems(text)[0]


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(SpecificationError):
        parse(b"\xff\xfe\x00\xd8", "slo.yaml")
