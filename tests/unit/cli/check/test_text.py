"""What the rules' text tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.check.finding import Severity
from cli.check.selectors import Matcher, Selector, uses
from cli.check.text import check_text
from cli.main import main
from cli.replay.alerts import replayed_alerts
from cli.rule_sources import read_rule_sources
from rules.problems import SpecificationError
from tests.unit.rules.test_generate import EXAMPLES
from tests.unit.scenario import NOW

RULE = "groups: [{{name: g, rules: [{{alert: A, expr: {expression}, labels: {labels}}}]}}]"


def found(expression: str, labels: str = "{metricops: undo}") -> list[str]:
    text = RULE.format(expression=json.dumps(expression), labels=labels)
    findings = check_text(read_rule_sources({"f.yml": text.encode()}))
    return [f.message for f in findings if f.severity is Severity.ERROR]


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_examples_are_well(name: str) -> None:
    """But for the rules of the deployer's own, each of which is worth a second thought."""
    findings = check_text(read_rule_sources({name: EXAMPLES[name].read_bytes()}))
    assert all(f.severity is Severity.WARNING and f.where.endswith("DeployerRule") for f in findings)


def test_the_talks_rule_is_told_what_follows_from_it() -> None:
    findings = check_text(read_rule_sources({"rule": EXAMPLES["rule"].read_bytes()}))
    assert [f.check for f in findings] == ["once-per-series", "single-event", "at-once", "any-workload"]


@pytest.mark.parametrize(
    ("expression", "labels", "lacking"),
    [
        ("x > 1", "{metricops: undo}", []),
        ("sum(x) > 1", "{metricops: undo}", ["namespace", "deployment or statefulset or daemonset"]),
        ("sum by (namespace) (x) > 1", "{metricops: undo}", ["deployment or statefulset or daemonset"]),
        ("sum by (namespace) (x) > 1", "{metricops: undo, daemonset: agent}", []),
        ("sum(x) > 1", "{metricops: undo, deployment: shop}", ["namespace"]),
        ("sum(x) > 1", "{metricops: undo, deployment: shop, namespace: ''}", ["namespace"]),
        ("sum(x) > 1", "{metricops: undo, deployment: shop, namespace: prod}", []),
        ("sum(x) > 1", "{metricops: people}", []),
        ("sum(x) > 1", "{}", []),
    ],
)
def test_an_alert_that_can_not_name_its_workload(expression: str, labels: str, lacking: list[str]) -> None:
    starts = [message.split(":")[0] for message in found(expression, labels)]
    assert starts == [f"the alert may undo, but can't carry {label}" for label in lacking]


@pytest.mark.parametrize("expression", ['absent(up{namespace="prod"})', "up > 1 or absent_over_time(up[5m])"])
def test_absence_may_not_undo(expression: str) -> None:
    labels = "{metricops: undo, namespace: prod, deployment: shop}"
    (message,) = found(expression, labels)
    assert "silence blames no release" in message
    assert found(expression, "{severity: page}") == []


def test_an_alert_that_names_two_workloads() -> None:
    labels = "{metricops: undo, namespace: prod, deployment: a, daemonset: b}"
    assert found("x > 1", labels) == ["it names deployment and daemonset at once"]


def test_selectors_of_a_generated_alert() -> None:
    alerts = replayed_alerts(read_rule_sources({"slo": EXAMPLES["slo"].read_bytes()}), NOW - NOW)
    undo = next(alert for alert in alerts if alert.may_undo)
    name, of_shop = "http_request_total", (Matcher("deployment", "=", "shop"), Matcher("namespace", "=", "shop"))
    failed = Selector(name, (Matcher("code", "=~", "5.."), *of_shop))
    assert {use.selector for use in uses(undo)} == {failed, Selector(name, of_shop)}
    assert str(failed) == 'http_request_total{code=~"5..",deployment="shop",namespace="shop"}'
    assert str(failed.only().without("a", "b")) == 'http_request_total{a="",b=""}'


def test_what_a_selector_is_grouped_by() -> None:
    text = RULE.format(
        expression=json.dumps(
            'sum by (a) (rate(x{b!~"c\\"d"}[5m])) / on () group_left () sum(y) > max(z) or {__name__="w"}'
        ),
        labels="{}",
    )
    (alert,) = replayed_alerts(read_rule_sources({"f.yml": text.encode()}), NOW - NOW)
    assert {(str(use.selector), use.grouped) for use in uses(alert)} == {
        ('x{b!~"c\\"d"}', ("a",)),
        ("y", ()),
        ("z", ()),
        ("w", None),
    }


def test_files_with_both_are_refused() -> None:
    both = EXAMPLES["slo"].read_bytes() + b"\n---\ngroups: []\n"
    with pytest.raises(SpecificationError, match="files with either of them"):
        read_rule_sources({"both.yml": both})


def test_all_problems_of_all_files() -> None:
    files = {"a.yml": b"groups: [{name: g, rules: [{alert: A}]}]", "b.yml": b"kind: Nothing", "c.yml": b""}
    with pytest.raises(SpecificationError) as raised:
        read_rule_sources(files)
    assert {problem.file for problem in raised.value.problems} == {"a.yml", "b.yml", "c.yml"}


def run(folder: Path, text: str, *arguments: str) -> tuple[int, str]:
    file = folder / "f.yml"
    file.write_text(text)
    result = CliRunner().invoke(main, ["rules", "check", *arguments, str(file)])
    return result.exit_code, result.stdout.replace(str(file), "f.yml")


def test_exit_codes_and_lines(tmp_path: Path) -> None:
    fine = RULE.format(expression='"sum by (namespace, deployment) (x) > 1"', labels="{metricops: undo}")
    assert run(tmp_path, fine) == (0, "1 alert, 0 errors, 0 warnings\n")
    assert run(tmp_path, RULE.format(expression="sum(x) > 1", labels="{metricops: undo, namespace: a}")) == (
        1,
        "error: f.yml: A: the alert may undo, but can't carry deployment or statefulset or daemonset: the rule does "
        "not set it, and the expression leaves no such label on its series (workload-label)\n\n"
        "1 alert, 1 error, 0 warnings\n",
    )
    code, output = run(tmp_path, RULE.format(expression="'sum(x'", labels="{}"))
    assert code == 1
    assert output.startswith("error: f.yml:1: groups[0].rules[0].expr: found a '(' that nothing closes, expected")
    assert run(tmp_path, fine, "--prometheus", "nonsense")[0] == 2
    assert run(tmp_path, fine, "--days", "0")[0] == 2
    assert run(tmp_path, fine, "--header", "x", "--prometheus", "http://127.0.0.1:1")[0] == 2


def test_json(tmp_path: Path) -> None:
    code, output = run(tmp_path, RULE.format(expression="'sum(x'", labels="{}"), "-o", "json")
    found = json.loads(output)
    assert (code, found["errors"], found["warnings"], found["findings"][0]["check"]) == (1, 1, 0, "specification")
    assert found["findings"][0]["severity"] == Severity.ERROR
