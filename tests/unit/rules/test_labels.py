"""What the receiver relies on: each alert's labels stay the same while it fires, and name the workload."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import rules
from rules import names
from rules.alerts import template_text
from rules.generate import generate
from rules.group import AlertRule, Recording, RuleSet
from rules.parse import parse
from rules.queries import queries_of
from rules.specification import ErrorBudget
from tests.unit.rules.test_generate import EXAMPLES

GROUPS = [generate(found) for path in EXAMPLES.values() for found in parse(path.read_bytes(), path.name)]


def alerts(group: RuleSet) -> list[AlertRule]:
    return [rule for rule in group.rules if isinstance(rule, AlertRule)]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_alerts_name_the_workload_and_differ_from_each_other(group: RuleSet) -> None:
    found = alerts(group)
    assert found
    for alert in found:
        assert alert.labels[names.NAMESPACE_LABEL] == group.namespace
        assert len(alert.labels.keys() & names.KIND_BY_LABEL.keys()) == 1
        assert alert.labels[names.SLO_LABEL] == group.name
        assert {names.SERVICE_LABEL, names.SEVERITY_LABEL} <= alert.labels.keys()
        assert alert.annotations["summary"]
        assert alert.annotations["description"]
        # A template in a label can change while the alert fires, and then it is another alert.
        assert not any("{{" in value for value in alert.labels.values())
    assert len({tuple(sorted(alert.labels.items())) for alert in found}) == len(found)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_what_is_read_was_recorded_before(group: RuleSet) -> None:
    recorded: set[str] = set()
    for rule in group.rules:
        for record in (names.ERROR_RATIO_RECORD, names.ERRORS_RECORD, names.EVENTS_RECORD):
            for part in rule.expression.split(record)[1:]:
                assert record + part.split("{", maxsplit=1)[0] in recorded
        if isinstance(rule, Recording):
            recorded.add(rule.record)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)
def test_only_a_page_may_undo_unless_asked(group: RuleSet) -> None:
    for alert in alerts(group):
        may_undo = alert.labels.get(names.UNDO_LABEL) == names.UNDO_VALUE
        assert not may_undo or alert.labels[names.SEVERITY_LABEL] == "page"
        # Only what may undo counts events.
        assert may_undo == (names.ERRORS_RECORD in alert.expression) or alert.alert == names.RULE_ALERT


def test_the_sli_is_kept_with_its_placeholder() -> None:
    (found,) = parse(EXAMPLES["slo"].read_bytes(), "slo.yaml")
    assert isinstance(found.judge, ErrorBudget)
    sli = queries_of(found.judge, found.subject).ratio("$window")
    asked = [alert for alert in alerts(generate(found)) if names.UNDO_LABEL in alert.labels]
    assert [alert.annotations[names.SLI_ANNOTATION] for alert in asked] == [sli]
    assert "[$window]" in sli


def test_annotations_are_no_templates() -> None:
    assert template_text('a{b="{{.x}}"}') == 'a{b="{{ "{{" }}.x}}"}'


def test_rules_import_nothing_of_the_receiver() -> None:
    for file in Path(rules.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not any(name.split(".")[0] in ("receiver", "cli", "sandbox") for name in modules), file
