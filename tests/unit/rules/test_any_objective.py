"""Whatever a specification says: it is refused with a reason, or it gives rules that can be read and proven."""

from __future__ import annotations

import promql_parser as promql
import yaml
from hypothesis import event, given, settings

from rules import names
from rules.difference.changes import differences
from rules.document import read_documents
from rules.explain import explain
from rules.fields import Field
from rules.generate import generate
from rules.group import AlertRule
from rules.parse import parse
from rules.problems import Problem, SpecificationError
from rules.proof.proof import prove
from rules.render import render_prometheus_rules, render_rule_file
from rules.rule_file import read_rule_document
from rules.specification import ForPeople, Specification
from tests.unit.rules.objectives import objectives

ANY = settings(max_examples=60)


def accepted(text: str) -> Specification | None:
    """The specification, or None where it is refused; then each problem says where and why."""
    problems: tuple[Problem, ...] = ()
    try:
        [found] = parse(text.encode(), "slo.yaml")
    except SpecificationError as error:
        problems = error.problems
    if problems:
        assert all(problem.field and problem.found and problem.expected for problem in problems)
        event("refused: " + problems[0].field)
        return None
    event("accepted")
    return found


@ANY
@given(objectives())
def test_rules_are_promql_and_say_the_same_when_read_back(text: str) -> None:
    found = accepted(text)
    if found is None:
        return
    rules = generate(found)
    assert generate(found) == rules
    for rule in rules.rules:
        promql.parse(rule.expression)
    for rendered in (render_rule_file([rules]), render_prometheus_rules([rules])):
        problems: list[Problem] = []
        [node] = read_documents(rendered.encode(), "rules.yaml")[0]
        read = read_rule_document(Field(node, "", "rules.yaml", problems))
        assert problems == []
        assert read is not None
        assert differences([rules], [read]) == []
    assert yaml.safe_load(render_rule_file([rules]))["groups"]


@ANY
@given(objectives())
def test_who_may_be_undone(text: str) -> None:
    found = accepted(text)
    if found is None:
        return
    alerts = [rule for rule in generate(found).rules if isinstance(rule, AlertRule)]
    undoing = [alert for alert in alerts if alert.labels.get(names.UNDO_LABEL) == names.UNDO_VALUE]
    assert len(undoing) == sum(burn.may_undo for burn in explain(found).burns)
    if isinstance(found.subject, ForPeople):
        assert undoing == []
    assert all(names.SLI_ANNOTATION in alert.annotations for alert in undoing)


@ANY
@given(objectives())
def test_the_series_for_a_proof_can_be_made_up(text: str) -> None:
    found = accepted(text)
    if found is None:
        return
    [proof] = prove([found])
    if proof.untestable:
        event("not testable: " + proof.untestable[:30])
        allowed = ("has no alerts", "asks for values of the label", "gives no way to tell")
        assert proof.untestable.startswith(allowed)
        return
    assert {case.kind for case in proof.cases} >= {"clean", "just under", "just over", "outage"}
    assert proof.files() == prove([found])[0].files()
