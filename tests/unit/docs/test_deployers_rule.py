"""docs/deployers-rule.md: its annotations are valid, and become what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from rules.deployer import bounds
from rules.deployer.confinement import Confinement, Series
from rules.deployer.workload_rules import WorkloadRules, rules_of_workload
from rules.group import AlertRule
from rules.specification import WorkloadTarget

PAGE = (Path(__file__).parents[3] / "docs/deployers-rule.md").read_text()
BLOCKS: list[Any] = [
    yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
]


def shop(annotations: dict[str, str]) -> WorkloadRules:
    return rules_of_workload("shop", "deployment", "shop", annotations)


def alerts(found: WorkloadRules) -> list[AlertRule]:
    assert found.problems == ()
    return [rule for group in found.groups for rule in group.rules if isinstance(rule, AlertRule)]


def test_the_manifest_becomes_the_alert() -> None:
    manifest, shown = BLOCKS[0], BLOCKS[3]
    found = shop(manifest["metadata"]["annotations"])
    (alert,) = alerts(found)
    assert shown == {
        "alert": alert.alert,
        "expr": alert.expression,
        "labels": alert.labels,
        "annotations": alert.annotations,
    }
    assert all(f"`{advice.name}`" in PAGE for advice in found.advice)
    assert len(found.advice) == 3


def test_the_other_annotations_are_valid() -> None:
    several, objective = BLOCKS[1:3]
    assert [alert.labels["slo"] for alert in alerts(shop(several))] == ["errors", "slow"]
    assert shop(several).advice == ()
    assert {alert.labels["slo"] for alert in alerts(shop(objective))} == {"objective"}


def test_the_matchers_are_those_of_the_table() -> None:
    whom = WorkloadTarget("shop", "deployment", "shop")
    for series in Series:
        matchers = ",".join(map(str, Confinement(series=series).matchers(whom)))
        assert re.search(rf"^\| `{series}`[^|]*\| `{re.escape(matchers)}` \|", PAGE, re.MULTILINE), matchers


def test_the_bounds_are_those_of_the_code() -> None:
    text = " ".join(PAGE.split())
    for number in (
        f"{bounds.MOST_RULES} rules per workload",
        f"{bounds.MOST_BYTES // 1024} KiB per annotation",
        f"{bounds.LONGEST_EXPRESSION} characters and {bounds.MOST_SELECTORS} selectors",
        f"ranges of at most {bounds.LONGEST_RANGE.days}d",
        f"offsets of at most {bounds.LONGEST_OFFSET.days}d",
        f"{bounds.MOST_STEPS} steps",
        f"{bounds.MOST_READ * bounds.LONGEST_RANGE.days}d of series",
        f"at most {bounds.LONGEST_PERIOD.days}d, with at most {bounds.MOST_WINDOWS} windows of at most "
        f"{bounds.LONGEST_WINDOW.days}d",
    ):
        assert number in text, number
