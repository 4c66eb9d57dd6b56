"""What annotations say, what comes of them, and what is wrong with them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from promql_parser import VectorSelector

from receiver.prometheus.sli import read_sli
from rules.deployer import bounds
from rules.deployer.workload_rules import WorkloadRules, rules_of_workload
from rules.generate import generate
from rules.group import RuleSet
from rules.lints import AT_ONCE, ONCE_PER_SERIES, SINGLE_EVENT
from rules.names import CONDITION_ANNOTATION, DEPLOYERS_WORDS_ANNOTATION, RULE_ANNOTATION, SLI_ANNOTATION
from rules.parse import parse
from rules.render import render_rule_file
from rules.syntax import parse_query, parts
from tests.unit.rules.deployer.workload import TALK, alerts, made, problems

OWN = 'namespace="shop",deployment="web"'
SEVERAL = """
- name: errors
  expr: |-
    sum(rate(http_request_total{code=~"5.."}[5m])) # of all pods
      / sum(rate(http_request_total[5m])) > 0.05
  for: 1m
  minimumEvents: 20
  events: increase(http_request_total[5m])
- name: slow
  expr: histogram_quantile(0.9, sum by (le) (rate(seconds_bucket[5m]))) > 1
"""
SLO = """
objective: 99.5
errors: http_request_total{code=~"5.."}
total: http_request_total
"""


def test_the_talks_rule_word_for_word() -> None:
    found = made(TALK)
    (alert,) = alerts(found)
    assert alert.expression == f'rate(http_request_total{{code=~"^5.*$",{OWN}}}[5m]) > 0'
    assert alert.annotations[DEPLOYERS_WORDS_ANNOTATION] == TALK
    assert alert.labels == {
        "namespace": "shop",
        "deployment": "web",
        "slo": "rule",
        "service": "web",
        "severity": "page",
        "statefulset": "",
        "daemonset": "",
        "metricops": "undo",
    }
    assert alert.hold == timedelta()
    assert [one.name for one in found.advice] == [ONCE_PER_SERIES, SINGLE_EVENT, AT_ONCE]
    assert str(found.advice[0]).startswith("annotation metricops.dev/rule, rule: each of its series")


def test_several_rules_with_names() -> None:
    found = made(SEVERAL)
    errors, slow = alerts(found)
    assert [group.name for group in found.groups] == ["shop/deployment/web/errors", "shop/deployment/web/slow"]
    assert errors.hold == timedelta(minutes=1)
    ratio = (
        f'sum(rate(http_request_total{{code=~"5..",{OWN}}}[5m])) / sum(rate(http_request_total{{{OWN}}}[5m])) > 0.05'
    )
    events = f"round(sum(increase(http_request_total{{{OWN}}}[5m]))) >= 20"
    assert errors.expression == f"({ratio}) and on () ({events})"
    assert errors.annotations[CONDITION_ANNOTATION] == ratio
    assert "# of all pods\n" in errors.annotations[DEPLOYERS_WORDS_ANNOTATION]
    assert CONDITION_ANNOTATION not in slow.annotations
    assert not found.advice


def test_the_receiver_asks_for_the_comparison_alone() -> None:
    errors, _ = alerts(made(SEVERAL))
    rule = {"query": errors.expression, "labels": errors.labels, "annotations": errors.annotations}
    sli = read_sli(rule, {"alertname": "DeployerRule", "namespace": "shop", "deployment": "web"})
    assert "increase" not in sli.query
    assert sli.bound.limit == 0.05
    assert sli.window == timedelta(minutes=5)


def test_json_and_a_single_mapping_say_the_same() -> None:
    entry = {"name": "errors", "expr": "sum(rate(a[5m])) > 1", "for": "2m"}
    as_list = made(json.dumps([entry]))
    assert made(json.dumps(entry)) == as_list
    assert made("name: errors\nexpr: sum(rate(a[5m])) > 1\nfor: 2m\n") == as_list
    assert made("- name: errors\n  expr: sum(rate(a[5m])) > 1\n  for: 2m\n") == as_list
    assert alerts(as_list)[0].labels["slo"] == "errors"


@pytest.mark.parametrize("text", ["-up < -1", "-(up) < 1", "expr > 1", "name{a='b'} == 0", '{"expr"} > 1'])
def test_what_only_looks_like_a_list_is_an_expression(text: str) -> None:
    assert len(alerts(made(text))) == 1


def test_texts_of_a_deployer_are_no_templates() -> None:
    (alert,) = alerts(made("up{a='{{ query `secret` }}'} > 0"))
    for text in alert.annotations.values():
        assert "{{ query" not in text


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("- {expr: up > 0}\n- {expr: up > 1}", "[0].name: found nothing, expected a name, as there are several rules"),
        ("- {name: a, expr: up > 0}\n- {name: a, expr: up > 1}", "found the name a twice"),
        ("- {name: A b, expr: up > 0}", "[0].name: found 'A b'"),
        ("- {expr: up > 0, for: 2h}", "[0].for: found '2h', expected at most 1h"),
        ("- {expr: up > 0, labels: {namespace: other}}", "[0].labels: found the unknown field 'labels'"),
        ("- {expr: up > 0, annotations: {summary: x}}", "the unknown field 'annotations'"),
        ("- {expr: up > 0, minimumEvents: 5}", "found one without the other"),
        ("- {expr: up > 0, events: up}", "found one without the other"),
        ("- {expr: up > 0, minimumEvents: 0, events: up}", "[0].minimumEvents"),
        ("- {expr: up > 0, minimumEvents: 1000001, events: up}", "at most 1000000"),
        (
            "- {expr: up > 0, minimumEvents: 5, events: 'up{namespace=~\"x\"}'}",
            '[0].events, column 1: found namespace=~"x"',
        ),
        ("- {expr: up > 0, series: all}", "[0].series: found 'all', expected one of workload, pod, namespace"),
        ("- {name: a}", "[0].expr: found nothing"),
        ("- just text", "[0]: found 'just text', expected a mapping"),
        ("[]", "an empty list"),
        ("[", "document"),
        ("- &a {expr: up > 0}\n- *a", "the alias"),
        ("- {expr: up > 0}\n---\n- {expr: up > 0}", "a second document"),
        ("\n".join(f"- {{name: r{number}, expr: up > 0}}" for number in range(11)), "11 rules, expected at most 10"),
        ("#" * (bounds.MOST_BYTES + 1), f"found {bounds.MOST_BYTES + 1} bytes"),
    ],
)
def test_what_is_wrong_with_rules(rule: str, expected: str) -> None:
    said = problems(rule)
    assert any(expected in one for one in said), said


def test_each_problem_names_its_line() -> None:
    assert problems("- name: a\n  expr: up >\n- name: b\n  expr: up > 0\n  fro: 1m\n") == [
        "annotation metricops.dev/rule:2: [0].expr: found what the PromQL parser refuses (invalid promql query), "
        "expected a PromQL expression",
        "annotation metricops.dev/rule:5: [1].fro: found the unknown field 'fro', "
        "expected for (the nearest known field)",
    ]


def test_an_objective_is_the_same_as_from_a_file() -> None:
    file = f"""
apiVersion: metricops.dev/v1
kind: ServiceLevelObjective
metadata: {{name: objective}}
spec:
  service: web
  workload: {{namespace: shop, deployment: web}}
  objective: 99.5
  window: 30d
  indicator:
    errorsOverTotal:
      errors: rate(http_request_total{{code=~"5..",{OWN}}}[$window])
      total: rate(http_request_total{{{OWN}}}[$window])
"""
    (specification,) = parse(file.encode(), "slo.yaml")
    assert [group.rules for group in made(slo=SLO).groups] == [group.rules for group in generate(specification).groups]


def test_an_objective_in_full() -> None:
    found = made(
        slo="""
name: latency
objective: 95
window: 7d
indicator:
  latency: {buckets: http_seconds_bucket, threshold: 0.3}
alerting:
  windows: [{severity: page, long: 10m, short: 1m, factor: 5}]
  minimumErrors: 20
"""
    )
    (burn,) = alerts(found)
    assert burn.labels["metricops"] == "undo"
    assert ">= 20" in burn.expression
    for rule in (rule for group in found.groups for rule in group.rules):
        for selector in (part for part in parts(parse_query(rule.expression)) if isinstance(part, VectorSelector)):
            assert {"namespace", "deployment"} <= {matcher.name for matcher in selector.matchers.matchers}
    assert SLI_ANNOTATION in burn.annotations


@pytest.mark.parametrize(
    ("slo", "expected"),
    [
        ("objective: 100\n" + SLO.partition("99.5")[2], "found '100'"),
        (SLO + "window: 200d", "window: found '200d', expected at most 92d"),
        (SLO + "indicator: {booleanGauge: {metric: up}}", "either indicator, or errors and total"),
        ("objective: 99", "errors and total, each a selector"),
        ("objective: 99\nerrors: up", "total: found nothing"),
        ("objective: 99\nerrors: rate(a[5m])\ntotal: b", "errors: found 'rate(a[5m])', expected a selector"),
        ("objective: 99\nerrors: 'a{namespace=\"x\"}'\ntotal: b", 'found namespace="x"'),
        ("objective: 99\nindicator: {raw: {errorRatio: 'absent(up) + 0 * rate(up[$window])'}}", "absent(…)"),
        ("objective: 99\nindicator: {raw: {errorRatio: 'max_over_time(up[$window:1m])'}}", "4320 steps"),
        (SLO + "alerting: {page: {annotations: {summary: x}}}", "alerting.page: found the unknown field 'page'"),
        (SLO + "alerting: {windows: [{severity: ticket, long: 4d, short: 1h, factor: 1}]}", "windows of at most 3d"),
        (
            SLO
            + "alerting: {windows: ["
            + ", ".join(f"{{severity: ticket, long: {n}h, short: 1m, factor: 1}}" for n in range(1, 10))
            + "]}",
            "found 9 windows",
        ),
        (SLO + "service: other", "the unknown field 'service'"),
        (SLO + "workload: {namespace: other, deployment: other}", "the unknown field 'workload'"),
        ("just text", "expected a mapping"),
        ("", "no document"),
    ],
)
def test_what_is_wrong_with_an_objective(slo: str, expected: str) -> None:
    said = problems(slo=slo)
    assert any(expected in one for one in said), said
    assert all(one.startswith("annotation metricops.dev/slo:") for one in said)


def test_both_annotations_at_once() -> None:
    found = made(TALK, SLO)
    assert [group.name for group in found.groups] == [
        "shop/deployment/web/rule",
        "shop/deployment/web/objective",
        "shop/deployment/web/objective/budget",
    ]
    assert any("the name rule" in one for one in problems(TALK, SLO + "name: rule"))
    assert len(problems("up >", "objective: 100")) > 2


def test_half_of_what_was_asked_for_is_nothing() -> None:
    assert made("- {name: a, expr: up > 0}\n- {name: b, expr: up >}").groups == ()


def test_without_annotations_there_is_nothing() -> None:
    assert rules_of_workload("shop", "deployment", "web", {"other": "up"}) == WorkloadRules()


def test_long_names() -> None:
    found = rules_of_workload("shop", "statefulset", "a" * 253, {RULE_ANNOTATION: TALK})
    (alert,) = alerts(found)
    assert alert.labels["statefulset"] == "a" * 253
    assert alert.labels["service"] == "a" * 63


def test_the_same_annotations_give_the_same_bytes() -> None:
    texts = {render_rule_file([RuleSet("x", "shop", {}, made(SEVERAL, SLO).groups)]) for _ in range(3)}
    assert len(texts) == 1
