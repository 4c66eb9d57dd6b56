"""The workload that is annotated in these tests."""

from __future__ import annotations

from rules.deployer.confinement import Confinement
from rules.deployer.workload_rules import DEFAULT_CONFINEMENT, WorkloadRules, rules_of_workload
from rules.group import AlertRule
from rules.names import RULE_ANNOTATION, SLO_ANNOTATION

TALK = 'rate(http_request_total{code=~"^5.*$"}[5m]) > 0'


def made(
    rule: str | None = None, slo: str | None = None, confinement: Confinement = DEFAULT_CONFINEMENT
) -> WorkloadRules:
    given = {RULE_ANNOTATION: rule, SLO_ANNOTATION: slo}
    annotations = {name: text for name, text in given.items() if text is not None}
    return rules_of_workload("shop", "deployment", "web", annotations, confinement)


def alerts(found: WorkloadRules) -> list[AlertRule]:
    assert not found.problems, list(map(str, found.problems))
    return [rule for group in found.groups for rule in group.rules if isinstance(rule, AlertRule)]


def problems(rule: str | None = None, slo: str | None = None) -> list[str]:
    found = made(rule, slo)
    assert not found.groups
    return list(map(str, found.problems))
