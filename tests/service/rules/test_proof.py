"""`metricops rules test` on real promtool: rules as they are made are proven, wrong ones are found out."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.promtool import run_tests
from cli.rules import rules_group
from rules.generate import generate
from rules.group import AlertRule, Recording, Rule, RuleSet
from rules.parse import parse
from rules.proof.plan import plan
from rules.proof.proof import TESTS, Proof, Proven
from rules.proof.verdict import NoAnswer, read_answers
from rules.specification import DeployerRule, Specification
from sandbox.debian import MonitoringBinaries, monitoring_binaries
from tests.unit.rules.test_generate import EXAMPLES

FOREIGN = Path(__file__).parents[2] / "unit/rules/foreign/specs"


def test_command(monitoring: MonitoringBinaries, *arguments: str | Path) -> Result:
    return CliRunner().invoke(rules_group, ["test", "--promtool", str(monitoring.promtool), *map(str, arguments)])


test_command.__test__ = False  # type: ignore[attr-defined]


def prove(monitoring: MonitoringBinaries, specification: Specification, rules: RuleSet) -> Proven:
    proof = Proof(specification, rules, "0", plan(specification, rules))
    files = proof.files()
    return proof.held_against(
        read_answers(run_tests(monitoring.promtool, files, [name for name in files if name.endswith(TESTS)]).output)
    )


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_examples_are_proven(monitoring: MonitoringBinaries, name: str) -> None:
    result = test_command(monitoring, "--output", "json", EXAMPLES[name])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["slos"]
    own_rules = {one.name for one in parse(EXAMPLES[name].read_bytes(), name) if isinstance(one.judge, DeployerRule)}
    for slo in found:
        if slo["slo"] in own_rules:
            assert slo["not_testable"].startswith("is a rule of the deployer's own")
        elif slo["slo"] == "native-latency" and monitoring.prometheus_version.startswith("2.42"):
            assert slo["not_testable"].endswith("this promtool has no notation: take a newer one")
        else:
            assert slo["verdict"] == "proven"
            assert slo["alerts"]
    for alert in (alert for slo in found for alert in slo["alerts"]):
        assert alert["burns"]["just under"]["fired_after_seconds"] is None
        for kind in ("just over", "outage"):
            burn = alert["burns"][kind]
            assert 0 <= burn["fired_after_seconds"] <= burn["fires_after_at_most_seconds"]
            assert burn["cleared_after_seconds"] <= burn["clears_after_at_most_seconds"]
    assert all(set(slo["quiet"].values()) <= {True} for slo in found)


@pytest.mark.parametrize("file", sorted(FOREIGN.glob("*.yaml")), ids=lambda file: file.stem)
def test_other_tools_objectives_are_proven(file: Path) -> None:
    """Or it is told why not: windows of one length, groups, gauges and slices of time are among them."""
    newest = monitoring_binaries("newest", progress=print)
    result = test_command(newest, "--output", "json", file)
    assert result.exit_code == 0, result.output
    verdicts = [slo["verdict"] for slo in json.loads(result.stdout)["slos"]]
    assert set(verdicts) <= {"proven", "not testable"}
    assert verdicts.count("proven") >= 2


@pytest.fixture(scope="module")
def default() -> MonitoringBinaries:
    return monitoring_binaries("default", progress=print)


def changed(rules: RuleSet, kind: type[Rule], pattern: str, replacement: str) -> RuleSet:
    """The rules, with another expression or other labels in those of a kind."""

    def change(rule: Rule) -> Rule:
        if not isinstance(rule, kind):
            return rule
        labels = json.loads(re.sub(pattern, replacement, json.dumps(rule.labels)))
        return replace(rule, expression=re.sub(pattern, replacement, rule.expression), labels=labels)

    groups = tuple(replace(group, rules=tuple(map(change, group.rules))) for group in rules.groups)
    assert groups != rules.groups
    return replace(rules, groups=groups)


PAGE, SLOW, TICKET = "page over 1h", "page over 6h", "ticket over 1d"
FIRES, NEVER = "expected it to fire between", "expected it never to fire"
WRONG = {
    "the factor is too high": (AlertRule, r"> 14\.4", "> 16", f"{PAGE}, just over: {FIRES}"),
    "the factor is too low": (AlertRule, r"/ 0\.005 > 14\.4|> 0\.072", "> 0.065", f"{PAGE}, just under: {NEVER}"),
    "the other way round": (AlertRule, r"/ 0\.005 > 3\b|> 0\.015", "< 0.015", f"{TICKET}, just under: {NEVER}"),
    "no short window": (AlertRule, r"and\n[^\n]*rate30m\S+ > 0\.03", "", f"{SLOW}, outage: expected it to clear"),
    "no long window": (AlertRule, r"rate1h(\S+ / )", r"rate5m\1", f"{PAGE}, just over: {FIRES}"),
    "no minimum of errors": (
        AlertRule,
        r"and\n[^\n]*>= 5(?=$)",
        "",
        "few errors: expected no such alert",
    ),
    "another workload": (AlertRule, r'"deployment": "shop"', '"deployment": "shop-db"', f"{PAGE}, outage: {FIRES}"),
    "it may not undo": (AlertRule, r'"metricops": "undo"', '"x": "y"', f"{PAGE}, outage: {FIRES}"),
    "fires on everything": (AlertRule, r"(?s).*rate1d.*", "vector(1)", "clean: expected no such alert on clean"),
    "undoes on silence": (AlertRule, r"(?s).*rate1h.*", "absent(x)", "no series: expected no such alert on no series"),
    "counts other errors": (Recording, r"code=~\"5\.\.\"", r'code=~"4.."', f"{PAGE}, just over: {FIRES}"),
    "reads other series": (Recording, r"\(http_request_total", "(other_total", f"{PAGE}, just over: {FIRES}"),
}


@pytest.mark.parametrize("name", WRONG)
def test_rules_that_are_wrong_are_found_out(default: MonitoringBinaries, name: str) -> None:
    kind, pattern, replacement, problem = WRONG[name]
    [specification] = parse(EXAMPLES["slo"].read_bytes(), "slo.yaml")
    proven = prove(default, specification, changed(generate(specification), kind, pattern, replacement))
    assert proven.verdict == "failed"
    assert any(problem in found for found in proven.problems), proven.problems


def test_rules_that_can_not_be_evaluated(default: MonitoringBinaries) -> None:
    """Both pods' series become one: Prometheus says so, and no case counts as kept."""
    [specification] = parse(EXAMPLES["slo"].read_bytes(), "slo.yaml")
    one = r'label_replace(\1, "pod", "x", "", "")'
    rules = changed(generate(specification), Recording, r"^sum\((rate\([^)]*\[5m\]\))\)$", one)
    proof = Proof(specification, rules, "0", plan(specification, rules))
    files = proof.files()
    answer = run_tests(default.promtool, files, [name for name in files if name.endswith(TESTS)])
    assert not answer.passed
    with pytest.raises(NoAnswer):
        proof.held_against(read_answers(answer.output))
    assert "same labelset" in proof.broken_off(answer.output).problems[0]


CASES = """
evaluation_interval: 1s
tests:
  - interval: 1s
    input_series:
      - {series: 'http_request_total{namespace="shop",deployment="shop",code="503"}', values: "0x20 0+9x40"}
    promql_expr_test:
      - expr: count(ALERTS{alertstate="firing",metricops="undo"})
        eval_time: 40s
        exp_samples: [{labels: "{}", value: EXPECTED}]
"""


@pytest.mark.parametrize(("expected", "exit_code", "said"), [(1, 0, "ok: "), (2, 1, "FAILED: ")])
def test_cases_of_ones_own(
    default: MonitoringBinaries, tmp_path: Path, expected: int, exit_code: int, said: str
) -> None:
    objective, cases = tmp_path / "slo.yaml", tmp_path / "slo.test.yaml"
    objective.write_text(EXAMPLES["slo-demo"].read_text())
    cases.write_text(CASES.replace("EXPECTED", str(expected)))
    for arguments in ([objective], [objective, cases]):
        result = test_command(default, *arguments)
        assert result.exit_code == exit_code, result.output
        assert result.stdout.count(f"{said}{cases}") == 1
    assert "1 proven with 8 cases, 0 failed, 0 not testable" in result.stdout
    elsewhere = cases.rename(tmp_path / "elsewhere.yaml")
    assert f"{said}{elsewhere}" in test_command(default, "--cases", elsewhere, objective).stdout


def test_what_is_not_testable_is_counted(default: MonitoringBinaries) -> None:
    result = test_command(default, EXAMPLES["rule"])
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "NOT TESTABLE: shop-any-5xx is a rule of the deployer's own, without an objective to hold it against",
        "0 proven with 0 cases, 0 failed, 1 not testable",
    ]
    assert test_command(default, "--strict", EXAMPLES["rule"]).exit_code == 1
