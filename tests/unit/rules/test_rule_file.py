"""Rule files and PrometheusRule objects as rule sets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rules.document import read_documents
from rules.fields import Field
from rules.generate import generate
from rules.group import AlertRule, Recording, RuleGroup, RuleSet
from rules.parse import parse
from rules.problems import Problem
from rules.render import render_prometheus_rules, render_rule_file
from rules.rule_file import is_rule_document, read_rule_document
from tests.unit.rules.test_generate import EXAMPLES


def read(text: str) -> tuple[RuleSet | None, list[Problem]]:
    nodes, problems = read_documents(text.encode(), "f.yml")
    assert [is_rule_document(node) for node in nodes] == [True]
    return read_rule_document(Field(nodes[0], "", "f.yml", problems)), problems


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_what_is_generated_is_read_as_it_was(name: str) -> None:
    specification = parse(EXAMPLES[name].read_bytes(), name)[0]
    made = generate(specification)
    as_object, problems = read(render_prometheus_rules([made]))
    assert problems == []
    assert as_object == RuleSet(made.name, made.namespace, {}, made.groups)
    as_file, problems = read(render_rule_file([made]))
    assert problems == []
    assert as_file == RuleSet("f.yml", "", {}, made.groups)


def test_all_fields() -> None:
    text = """
groups:
- name: g
  interval: 15s
  query_offset: 1m
  limit: 5
  labels: {team: a, tier: 1}
  rules:
  - {record: 'a:b', expr: sum(a)}
  - alert: A
    expr: a > 1
    for: 0
    keep_firing_for: 5m
    labels: {tier: 2, metricops: undo}
    annotations: {summary: "", n: 5}
- {name: empty, rules: []}
"""
    found, problems = read(text)
    labels = {"team": "a", "tier": "2", "metricops": "undo"}
    alert = AlertRule("A", "a > 1", timedelta(0), labels, {"summary": "", "n": "5"}, timedelta(minutes=5))
    recording = Recording("a:b", "sum(a)", {"team": "a", "tier": "1"})
    groups = (RuleGroup("g", (recording, alert), timedelta(seconds=15), timedelta(minutes=1)), RuleGroup("empty", ()))
    assert (found, problems) == (RuleSet("f.yml", "", {}, groups), [])


def test_all_problems_at_once() -> None:
    text = """
groups:
- name: g
  intervall: 15s
  rules:
  - {alert: A, record: a, expr: x}
  - {alert: A, expr: 'sum(a'}
  - {alert: A, expr: a, for: soon}
  - {record: 'a-b', expr: a}
  - {alert: A}
  - {alert: A, expr: a, labels: {a: [1]}}
"""
    _, problems = read(text)
    assert [(problem.line, problem.field) for problem in problems] == [
        (4, "groups[0].intervall"),
        (6, "groups[0].rules[0]"),
        (7, "groups[0].rules[1].expr"),
        (8, "groups[0].rules[2].for"),
        (9, "groups[0].rules[3].record"),
        (10, "groups[0].rules[4].expr"),
        (11, "groups[0].rules[5].labels.a"),
    ]
    assert problems[2].found == "a '(' that nothing closes"


@pytest.mark.parametrize(
    "text", ["apiVersion: metricops.dev/v1\nkind: ServiceLevelObjective", "- groups", "a", "kind: [PrometheusRule]"]
)
def test_other_documents(text: str) -> None:
    nodes, _ = read_documents(text.encode(), "f.yml")
    assert not is_rule_document(nodes[0])


def test_an_object_of_another_version() -> None:
    _, problems = read("{apiVersion: v1, kind: PrometheusRule, spec: {groups: [{name: g}]}}")
    assert [problem.field for problem in problems] == ["apiVersion"]
