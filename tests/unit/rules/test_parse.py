"""What is refused, with the words that name file, line, field, found and expected."""

from __future__ import annotations

import textwrap
from datetime import timedelta
from fractions import Fraction

import pytest

from rules.parse import parse, parse_files
from rules.problems import SpecificationError
from rules.specification import DeployerRule, ErrorBudget

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
    assert str(found.workload) == "Deployment prod/shop"
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
    assert found.judge.errors == 'sum by (code) ( rate(e{path="/a  #b"}[$window]) )'


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


ALERTING = "window: 30d\n  alerting: "
PERCENTAGE = "expected a percentage above 0 and below 100, such as 99.9"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("99.9", "100", f"8: spec.objective: found '100' (a number), {PERCENTAGE} (at 100 there is no error budget)"),
        ("99.9", "101", f"8: spec.objective: found '101' (a number), {PERCENTAGE} (at 100 there is no error budget)"),
        ("99.9", "0", f"8: spec.objective: found '0' (a number), {PERCENTAGE}"),
        ("99.9", "-1", f"8: spec.objective: found '-1' (a number), {PERCENTAGE}"),
        ("99.9", '"99,9"', f"8: spec.objective: found '99,9', {PERCENTAGE}"),
        ("99.9", ".nan", f"8: spec.objective: found '.nan' (a number), {PERCENTAGE}"),
        ("99.9", "true", f"8: spec.objective: found 'true' (a boolean), {PERCENTAGE}"),
        ("99.9", "", f"8: spec.objective: found nothing, {PERCENTAGE}"),
        ("99.9", "1_0", f"8: spec.objective: found '1_0' (a number), {PERCENTAGE}"),
        (
            "99.9",
            "9" * 100,
            f"8: spec.objective: found '{'9' * 60}'… (a number), {PERCENTAGE}",
        ),
        (
            "  objective: 99.9\n",
            "",
            "5: spec.objective: found nothing, expected a percentage such as 99.9, or a rule",
        ),
        ("30d", "1M", "9: spec.window: found '1M', expected a duration such as 30s, 5m, 1h30m or 30d, at most 100y"),
        ("30d", "30", "9: spec.window: found '30' (a number), expected a duration such as 30s, 5m, 1h30m or 30d"),
        ("30d", "0s", "9: spec.window: found '0s', expected a duration such as 30s, 5m, 1h30m or 30d, longer than 0s"),
        (
            "30d",
            "2d",
            "9: spec.window: found a window of 2d, expected at least 3d, or alerting.windows of its own",
        ),
        (
            "rate(e[$window])",
            "rate(e[5m])",
            "12: spec.indicator.errorsOverTotal.errors: found 'rate(e[5m])', "
            "expected a PromQL query over [$window], as in rate(http_request_total[$window])",
        ),
        (
            "rate(t[$window])",
            "rate(t[$window]",
            "13: spec.indicator.errorsOverTotal.total: found a '(' that nothing closes, expected a PromQL expression",
        ),
        (
            "rate(t[$window])",
            "rate(t[$window])) or (vector(1)",
            "13: spec.indicator.errorsOverTotal.total: found a ')' that nothing opened, expected a PromQL expression",
        ),
        (
            "rate(t[$window])",
            "rate(t{a='b}[$window])",
            '13: spec.indicator.errorsOverTotal.total: found a "\'" that nothing closes, expected a PromQL expression',
        ),
        (
            "      total: rate(t[$window])\n",
            "",
            "11: spec.indicator.errorsOverTotal.total: found nothing, expected a PromQL query over [$window]",
        ),
        (
            "errorsOverTotal",
            "errorOverTotal",
            "11: spec.indicator.errorOverTotal: found the unknown field 'errorOverTotal', "
            "expected errorsOverTotal (the nearest known field)",
        ),
        (
            "service: shop",
            "servise: shop",
            "6: spec.servise: found the unknown field 'servise', expected service (the nearest known field)",
        ),
        (
            "  service: shop\n",
            "  service: shop\n  teams:\n    - a\n",
            "7: spec.teams: found the unknown field 'teams', "
            "expected one of service, workload, objective, window, indicator, alerting, rule",
        ),
        ("metricops.dev/v1", "v1", "1: apiVersion: found 'v1', expected one of metricops.dev/v1"),
        ("ServiceLevel", "Service", "2: kind: found 'ServiceObjective', expected one of ServiceLevelObjective"),
        (
            "deployment: shop",
            "job: shop",
            "7: spec.workload: found none of them, expected exactly one of deployment, statefulset, daemonset",
        ),
        (
            "deployment: shop",
            "deployment: shop, daemonset: x",
            "7: spec.workload: found deployment and daemonset, expected exactly one of "
            "deployment, statefulset, daemonset",
        ),
        (
            "deployment: shop",
            "deployment: Shop",
            "7: spec.workload.deployment: found 'Shop', expected a workload's name",
        ),
        (
            "namespace: prod, ",
            "",
            "7: spec.workload.namespace: found nothing, expected a namespace",
        ),
        (
            "  workload: {namespace: prod, deployment: shop}\n",
            "",
            "5: spec.workload: found nothing, expected namespace and one of deployment, statefulset, daemonset",
        ),
        (
            "name: shop",
            "name: [shop]",
            "4: metadata.name: found a list, expected a text (in quotes where it looks like something else)",
        ),
        (
            "name: shop",
            "name: 12",
            "4: metadata.name: found '12' (a number), expected a text (in quotes where it looks like something else)",
        ),
        (
            "name: shop",
            "name: shop.a",
            "4: metadata.name: found 'shop.a', expected lower-case letters, digits and hyphens, at most 63",
        ),
        (
            "spec:\n",
            "spec:\n  rule: {expr: up}\n",
            "9: spec.objective: found objective beside rule, expected either rule, or objective, window and indicator",
        ),
        (
            "service: shop",
            "service: shop\n  service: shop",
            "7: spec.service: found the field a second time, expected each field once",
        ),
        (
            "30d",
            "30d\n  alerting: {windows: [{severity: page, long: 1h, short: 5m, factor: 1000}]}",
            "10: spec.alerting.windows[0]: found factor · (1 − objective) = 1000 · 0.001 = 1 ≥ 1 over 1h, "
            "expected a factor below 1000: the error ratio is never above 1, so this alert never fires",
        ),
        (
            "99.9",
            "93",
            "9: spec.window: found factor · (1 − objective) = 14.4 · 0.07 = 1.008 ≥ 1 over 1h, "
            "expected a factor below (100 / 7): the error ratio is never above 1, so this alert never fires",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: [{severity: page, long: 1h, short: 1h, factor: 2}]}",
            "10: spec.alerting.windows[0].short: found '1h', expected less than the long window, 1h",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: [{severity: loud, long: 1h, short: 5m, factor: 2}]}",
            "10: spec.alerting.windows[0].severity: found 'loud', expected one of page, ticket",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: [{severity: page, long: 1h, short: 5m, factor: 2, budget: 2}]}",
            "10: spec.alerting.windows[0]: found both, "
            "expected either budget (a percentage of the error budget) or factor (a burn rate)",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: [{severity: page, long: 31d, short: 5m, budget: 2}]}",
            "10: spec.alerting.windows[0].budget: found 2 % in 31d, expected at most 100 % of the error budget in "
            "at most 30d",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: [{severity: page, long: 1h, short: 5m, factor: -2}]}",
            "10: spec.alerting.windows[0].factor: found '-2' (a number), expected a burn rate above 0, such as 14.4",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: [{severity: page, long: 1h, short: 5m, factor: 2, undo: maybe}]}",
            "10: spec.alerting.windows[0].undo: found 'maybe', expected true or false",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: [&a {severity: page, long: 1h, short: 5m, factor: 2},"
            " {severity: page, long: 1h, short: 6m, factor: 3}]}",
            "10: spec.alerting.windows[1]: found page over 1h again, expected each long window once per severity",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: fast}",
            "10: spec.alerting.windows: found 'fast', expected one of workbook",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: []}",
            "10: spec.alerting.windows: found an empty list, expected a list with at least one item",
        ),
        (
            "window: 30d",
            ALERTING + "{minimumErrors: 0}",
            "10: spec.alerting.minimumErrors: found '0' (a number), expected a whole number of at least 1",
        ),
        (
            "window: 30d",
            ALERTING + "{minimumErrors: 1.5}",
            "10: spec.alerting.minimumErrors: found '1.5' (a number), expected a whole number of at least 1",
        ),
        (
            "rate(e[$window])",
            "increase(e[$window])",
            "12: spec.indicator.errorsOverTotal.errors: found increase(…[$window]), "
            "expected events per second, that is rate(…[$window])",
        ),
        (
            "rate(t[$window])",
            "sum_over_time(t[$window]) + irate(t[$window])",
            "13: spec.indicator.errorsOverTotal.total: found irate(…[$window]) and sum_over_time(…[$window]), "
            "expected events per second, that is rate(…[$window])",
        ),
        (
            "rate(e[$window])",
            "e[$window]",
            "12: spec.indicator.errorsOverTotal.errors: found [$window] outside a function, "
            "expected events per second, that is rate(…[$window])",
        ),
        (
            "rate(e[$window])",
            "'# rate(e[$window])'",
            "12: spec.indicator.errorsOverTotal.errors: found nothing but a comment, expected a PromQL expression",
        ),
    ],
)
def test_refused(old: str, new: str, problem: str) -> None:
    assert old in GOOD
    found = refusal(GOOD.replace(old, new, 1))
    assert problem in found
    # What is wrong is said once; but a field that is misspelt is also one that is missing.
    assert len(found) == 1 or any("unknown field" in text or "beside rule" in text for text in found), found


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
