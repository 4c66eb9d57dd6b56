"""The shipped rules about releases that never become ready: what they may do, and what the receiver reads of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from cli.main import main
from rules import names
from rules.group import AlertRule
from rules.readiness import release_readiness
from rules.threshold import read_threshold

SHIPPED = Path(__file__).parents[3] / "manifests/monitoring/readiness.yaml"


def alerts(*namespaces: str, undo: bool = False) -> list[AlertRule]:
    return [rule for rule in release_readiness(namespaces, undo=undo).rules if isinstance(rule, AlertRule)]


def test_the_shipped_file_is_what_the_command_writes() -> None:
    result = CliRunner().invoke(main, ["rules", "readiness"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert SHIPPED.read_text() == result.stdout


def test_nothing_may_undo_unless_it_is_asked_for() -> None:
    assert not any(names.UNDO_LABEL in alert.labels for alert in alerts())
    may = [alert for alert in alerts(undo=True) if alert.labels.get(names.UNDO_LABEL) == names.UNDO_VALUE]
    assert [alert.alert for alert in may] == [
        f"{kind}Release{what}" for kind in names.KIND_BY_LABEL.values() for what in ("Crashes", "NeverRuns", "Stuck")
    ]


def test_the_receiver_can_ask_how_it_was_before() -> None:
    """Each expression is an SLI that is above 0 while it is bad, with a value while it is well."""
    for alert in alerts(undo=True)[:-1]:
        assert read_threshold(alert.expression).limit == 0, alert.alert


def test_what_may_undo_is_told_in_time() -> None:
    """Within the receiver's attribution window; a Deployment's own deadline is its owner's."""
    told = {alert.alert: alert.annotations.get(names.WORST_DETECTION_ANNOTATION) for alert in alerts(undo=True)[:-1]}
    assert told.pop("DeploymentReleaseStuck") is None
    assert {name: text for name, text in told.items() if "Stuck" not in name} == dict.fromkeys(
        [name for name in told if "Stuck" not in name], "6m"
    )
    assert {text for name, text in told.items() if "Stuck" in name} == {"17m"}


def test_the_check_of_rules_finds_nothing(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    options = ["--undo", "--format", "prometheus"]
    file.write_text(CliRunner().invoke(main, ["rules", "readiness", *options]).stdout)
    result = CliRunner().invoke(main, ["rules", "check", "--strict", str(file)])
    assert (result.exit_code, result.stdout) == (0, "10 alerts, 0 errors, 0 warnings\n")


def test_every_series_is_of_the_namespaces_and_honours_its_labels() -> None:
    for alert in alerts("shop", "prod.2")[:-1]:
        selectors = re.findall(r"kube_[a-z_]+\{[^}]*\}", alert.expression)
        assert len(selectors) == len(re.findall(r"kube_[a-z_]+", alert.expression)) > 0
        for selector in selectors:
            assert 'exported_namespace="",namespace=~"shop|prod.2"' in selector


def test_the_object_goes_where_its_workloads_are() -> None:
    result = CliRunner().invoke(main, ["rules", "readiness", "-n", "shop", "--undo"])
    assert result.stdout.startswith("# Made by `metricops rules readiness --namespace shop --undo`.\n")
    made = yaml.safe_load(result.stdout)
    assert (made["metadata"]["namespace"], made["metadata"]["name"]) == ("shop", "metricops-readiness")
    assert [group["name"] for group in made["spec"]["groups"]] == ["readiness/shop"]


def test_a_rule_file() -> None:
    result = CliRunner().invoke(main, ["rules", "readiness", "--format", "prometheus", "-n", "a", "-n", "b"])
    assert [group["name"] for group in yaml.safe_load(result.stdout)["groups"]] == ["readiness"]


@pytest.mark.parametrize("namespace", ["Shop", 'a"b', "a|b", ""])
def test_a_namespace_that_is_none_is_refused(namespace: str) -> None:
    result = CliRunner().invoke(main, ["rules", "readiness", "-n", namespace])
    assert result.exit_code == 2
    assert "expected a namespace" in result.stderr
