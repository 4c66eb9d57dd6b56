"""Rules for any Prometheus from 2.42 on, Thanos and Mimir: nothing that one does not know, unless asked for."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from cli.main import main
from rules.readiness import release_readiness
from rules.render import render_rule_file
from sandbox.debian import MonitoringBinaries
from tests.unit.rules.foreign.examples import GOLDEN as FOREIGN
from tests.unit.rules.test_generate import EXAMPLES, GOLDEN

MADE = sorted([*GOLDEN.glob("*.rules.yaml"), *FOREIGN.glob("*.rules.yaml")])
GROUP_FIELDS = {"name", "interval", "rules"}
RULE_FIELDS = {"record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"}
"""What a rule file may have in 2.42; the rulers of Thanos and Mimir take no less."""


def groups_of(text: str) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = yaml.safe_load(text)["groups"]
    return groups


def verdict(monitoring: MonitoringBinaries, folder: Path, text: str) -> bool:
    """Whether this promtool accepts a rule file."""
    file = folder / "rules.yaml"
    file.write_text(text)
    return (
        subprocess.run([monitoring.promtool, "check", "rules", file], capture_output=True, check=False).returncode == 0
    )


def is_at_least(monitoring: MonitoringBinaries, *version: int) -> bool:
    return tuple(map(int, monitoring.prometheus_version.split(".")[:2])) >= version


@pytest.mark.parametrize("file", MADE, ids=lambda file: file.stem)
def test_only_fields_that_the_floor_knows(file: Path) -> None:
    for group in groups_of(file.read_text()):
        assert group.keys() <= GROUP_FIELDS
        for rule in group["rules"]:
            assert rule.keys() <= RULE_FIELDS


def test_the_shipped_rules_too() -> None:
    (group,) = groups_of(render_rule_file([release_readiness()]))
    assert group.keys() <= GROUP_FIELDS
    assert all(rule.keys() <= RULE_FIELDS for rule in group["rules"])


def test_a_query_offset_is_there_where_it_is_asked_for(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    """Prometheus knows it from 2.53 on: an older one refuses the file, which is why nothing else may write it."""
    arguments = ["rules", "generate", "--format", "prometheus", str(EXAMPLES["slo"])]
    plain = CliRunner().invoke(main, arguments).stdout
    offset = CliRunner().invoke(main, [*arguments, "--query-offset", "1m"]).stdout
    assert [group.get("query_offset") for group in groups_of(plain)] == [None, None]
    assert [group.get("query_offset") for group in groups_of(offset)] == ["1m", "1m"]
    assert verdict(monitoring, tmp_path, plain)
    assert verdict(monitoring, tmp_path, offset) is is_at_least(monitoring, 2, 53)


def test_a_function_that_the_floor_does_not_know_is_found(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    """Each made file goes through promtool of each pair; that tells more than a list of names."""
    rule = {"record": "made", "expr": "histogram_avg(rate(http_request_duration_seconds[5m]))"}
    text = yaml.safe_dump({"groups": [{"name": "g", "rules": [rule]}]})
    assert verdict(monitoring, tmp_path, text) is is_at_least(monitoring, 2, 48)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_mimir_and_thanos_get_the_same_rules(name: str) -> None:
    """A namespaces file is the rule file with the namespace over it; Thanos' ruler reads the rule file itself."""
    arguments = ["rules", "generate", str(EXAMPLES[name]), "--format"]
    plain = groups_of(CliRunner().invoke(main, [*arguments, "prometheus"]).stdout)
    mimir = list(yaml.safe_load_all(CliRunner().invoke(main, [*arguments, "mimir"]).stdout))
    assert [group for document in mimir for group in document["groups"]] == plain
    assert all(document.keys() == {"namespace", "groups"} for document in mimir)
