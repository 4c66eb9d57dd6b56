"""What the receiver relies on: each alert's labels stay the same while it fires, and name the workload."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import rules
from rules import names
from rules.alerts import template_text
from rules.durations import format_duration
from rules.generate import generate
from rules.group import AlertRule, Recording, RuleSet
from rules.parse import parse
from rules.queries import queries_of
from rules.specification import ErrorBudget, ForPeople, Specification, WorkloadTarget
from tests.unit.rules.test_generate import EXAMPLES

FOUND = [found for path in EXAMPLES.values() for found in parse(path.read_bytes(), path.name)]
GROUPS = [generate(found) for found in FOUND]


def alerts(group: RuleSet) -> list[AlertRule]:
    return [rule for rule in group.rules if isinstance(rule, AlertRule)]


@pytest.mark.parametrize("found", FOUND, ids=lambda found: found.name)
def test_alerts_name_the_workload_and_differ_from_each_other(found: Specification) -> None:
    raised = alerts(generate(found))
    assert raised
    for alert in raised:
        fixed = {name: value for name, value in alert.labels.items() if "{{" not in value}
        workload = {name for name in alert.labels if name in (names.NAMESPACE_LABEL, *names.KIND_BY_LABEL)}
        if isinstance(found.subject, WorkloadTarget):
            assert found.subject.labels.items() <= fixed.items()
        else:
            assert not workload & fixed.keys()
        if isinstance(found.subject, ForPeople):
            assert names.UNDO_LABEL not in alert.labels
        assert alert.labels[names.SLO_LABEL] == found.name
        assert {names.SERVICE_LABEL, names.SEVERITY_LABEL} <= alert.labels.keys()
        assert alert.annotations["summary"]
        assert alert.annotations["description"]
        # A template in a label can change while the alert fires, and then it is another alert; a series' own can not.
        assert all(re.fullmatch(r"\{\{ \$labels\.\w+ \}\}", alert.labels[name]) for name in alert.labels.keys() - fixed)
    assert len({(alert.alert, *sorted(alert.labels.items())) for alert in raised}) == len(raised)


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
        if alert.alert == names.ABSENT_ALERT:
            assert not may_undo


@pytest.mark.parametrize("found", FOUND, ids=lambda found: found.name)
def test_only_what_may_undo_and_the_last_resort_count_events(found: Specification) -> None:
    burns = [alert for alert in alerts(generate(found)) if alert.alert == names.BURN_ALERT]
    counting = [alert for alert in burns if names.ERRORS_RECORD in alert.expression]
    last = found.last_resort
    for alert in counting:
        long = alert.labels.get(names.WINDOW_LABEL)
        assert names.UNDO_LABEL in alert.labels or (last is not None and long == format_duration(last.long))


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
