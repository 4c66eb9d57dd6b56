"""What is refused, with the words that name file, line, field, found and expected."""

from __future__ import annotations

import textwrap
from datetime import timedelta
from fractions import Fraction

import pytest

from rules.parse import parse, parse_files
from rules.problems import SpecificationError
from rules.specification import DeployerRule, ErrorBudget, EventRatio

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

HEAD = GOOD.split("  objective", maxsplit=1)[0]
TALK = 'rate(http_request_total{code=~"^5.*$"}[5m]) > 0'


def problems(text: str) -> list[str]:
    with pytest.raises(SpecificationError) as caught:
        parse(textwrap.dedent(text).encode(), "slo.yaml")
    return [str(problem) for problem in caught.value.problems]


def refusal(text: str) -> list[str]:
    """The problems without the file's name."""
    return [problem.removeprefix("slo.yaml:") for problem in problems(text)]


def test_good() -> None:
    (found,) = parse(GOOD.encode(), "slo.yaml")
    budget = found.judge
    assert isinstance(budget, ErrorBudget)
    assert str(found.subject) == "Deployment prod/shop"
    assert budget.objective == Fraction(999, 1000)
    assert budget.budget == Fraction(1, 1000)
    assert budget.period == timedelta(days=30)
    assert [float(window.factor) for window in budget.windows] == [14.4, 6.0, 3.0, 1.0]
    assert [window.undo for window in budget.windows] == [True, False, False, False]
    assert budget.minimum_errors == 5


def test_the_talks_rule_is_taken_word_for_word() -> None:
    (found,) = parse(f"{HEAD}  rule:\n    expr: {TALK}\n".encode(), "slo.yaml")
    assert found.judge == DeployerRule(TALK, timedelta())
    (found,) = parse(f"{HEAD}  rule:\n    for: 1m\n    expr: |\n      # why\n      {TALK}\n".encode(), "slo.yaml")
    assert found.judge == DeployerRule(f"# why\n{TALK}", timedelta(minutes=1))


def test_own_windows() -> None:
    windows = """  alerting:
    attributionWindow: 4d
    windows:
      - {severity: page, long: 15s, short: 5s, factor: 2.5}
      - {severity: page, long: 1d, short: 2h, budget: 10, for: 2m, undo: false}
      - {severity: ticket, long: 3d, short: 6h, budget: 10, undo: true}
"""
    (found,) = parse((GOOD + windows).encode(), "slo.yaml")
    assert isinstance(found.judge, ErrorBudget)
    first, second, third = found.judge.windows
    assert (first.factor, first.undo, first.hold) == (Fraction(5, 2), True, timedelta())
    assert (second.factor, second.undo, second.hold) == (Fraction(3), False, timedelta(minutes=2))
    assert (third.factor, third.undo) == (Fraction(1), True)


def test_the_preset_has_a_name() -> None:
    assert (
        parse(f"{GOOD}  alerting: {{windows: workbook}}\n".encode(), "f")[0].judge == parse(GOOD.encode(), "f")[0].judge
    )


def test_queries_come_out_on_one_line_without_comments() -> None:
    text = GOOD.replace(
        "rate(e[$window])",
        """|
        sum by (code) (  # per code
          rate(e{path="/a  #b"}[$window])
        )""",
    )
    (found,) = parse(text.encode(), "slo.yaml")
    assert isinstance(found.judge, ErrorBudget)
    assert isinstance(found.judge.indicator, EventRatio)
    assert found.judge.indicator.errors == 'sum by (code) ( rate(e{path="/a  #b"}[$window]) )'


def test_labels_of_the_object() -> None:
    (found,) = parse(GOOD.replace("name: shop", "name: shop\n  labels: {release: prometheus}", 1).encode(), "slo.yaml")
    assert found.labels == (("release", "prometheus"),)


def test_a_name_twice() -> None:
    second = GOOD.replace("name: shop", "name: cart", 1)
    assert [s.name for s in parse(f"{GOOD}---\n{second}".encode(), "f")] == ["shop", "cart"]
    elsewhere = GOOD.replace("namespace: prod", "namespace: test")
    assert len(parse(f"{GOOD}---\n{elsewhere}".encode(), "f")) == 2
    assert refusal(f"{GOOD}---\n{GOOD}") == [
        "18: metadata.name: found 'shop', as in slo.yaml:4, expected a name of its own in namespace prod"
    ]
    with pytest.raises(SpecificationError, match=r"b\.yaml:4: metadata\.name: found 'shop', as in a\.yaml:4"):
        parse_files({"a.yaml": GOOD.encode(), "b.yaml": GOOD.encode()})


def test_a_range_is_missing_in_the_deployers_rule() -> None:
    assert refusal(f"{HEAD}  rule:\n    expr: rate(a[$window]) > 0\n") == [
        "9: spec.rule.expr: found 'rate(a[$window]) > 0', expected a range such as [5m] instead of $window"
    ]


def test_the_deployers_rule_is_more_than_a_comment() -> None:
    assert refusal(f"{HEAD}  rule:\n    expr: '# any 5xx'\n") == [
        "9: spec.rule.expr: found nothing but a comment, expected a PromQL expression"
    ]


def test_all_problems_at_once_in_the_order_of_the_file() -> None:
    text = GOOD.replace("99.9", "0").replace("30d", "x").replace("deployment", "deploymnt").replace("rate(t", "rate((t")
    found = problems(f"{text}---\n{text}")
    lines = [int(problem.split(":")[1]) for problem in found]
    assert lines == sorted(lines)
    assert len(lines) == 10
    with pytest.raises(SpecificationError) as caught:
        parse_files({"a": b"", "b": text.encode(), "c": b"x: *y"})
    assert [problem.file for problem in caught.value.problems] == ["a", *["b"] * 5, "c"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1: document: found no document, expected a ServiceLevelObjective"),
        ("# nothing\n---\n", "1: document: found no document"),
        ("a: [1", ": document: found"),
        ("a:\n\tb: 1", "2: document: found"),
        ("a: &x [1]\nb: *x\n", "2: document: found the alias *x, expected each value written out"),
        ("[" * 300 + "]" * 300, "1: document: found deeper nesting, expected at most 32 levels"),
        ("- 1", "1: document: found a list, expected a mapping"),
        ("a: 2026-99-99", "expected"),
        ("? [a]\n: b", "1: document: found a list, expected a name"),
        ("a: !!python/object/apply:os.system [id]", "1: a: found the unknown field 'a'"),
        ("x" * (1024 * 1024 + 1), "1: document: found more than 1048576 bytes, expected at most 1 MiB"),
        ("[" * (1024 * 1024), " nesting"),
        ("{" + ",".join(f"a{n}: 1" for n in range(90_000)) + "}", "1: document: found 90000 fields, expected at most"),
        (f"? {'x' * 100_000}\n: 1", "found the unknown field 'xxx"),
        ("a: \0", "1: document: found"),
    ],
    ids=lambda text: text[:20],
)
@pytest.mark.timeout(20)
def test_hostile_files(text: str, problem: str) -> None:
    found = refusal(text)
    assert problem in found[0]
    assert max(map(len, found)) < 400


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(SpecificationError, match="f:2: document: found byte 3 that is not UTF-8"):
        parse(b"a:\n\xff\xfe\x00\xd8", "f")
