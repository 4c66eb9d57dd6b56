"""Where rules go: formats, namespaces, intervals, and objects that would be too large."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from cli.rules import rules_group
from rules.generate import generate
from rules.group import Recording, RuleGroup, RuleSet
from rules.parse import parse
from rules.placing import Placing, PlacingError
from rules.render import MOST_BYTES, TooLargeError, render_mimir_namespaces, render_prometheus_rules, render_rule_file
from tests.unit.rules.test_generate import EXAMPLES
from tests.unit.rules.test_parse import GOOD

MINUTE = timedelta(minutes=1)
SLO = generate(parse(GOOD.encode(), "slo.yaml")[0])


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(rules_group, ["generate", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_mimir_has_a_document_per_namespace() -> None:
    elsewhere, nowhere = replace(SLO, namespace="test"), replace(SLO, namespace="")
    documents = list(yaml.safe_load_all(render_mimir_namespaces([SLO, elsewhere, SLO, nowhere])))
    assert [(one["namespace"], len(one["groups"])) for one in documents] == [("prod", 4), ("test", 2), ("metricops", 2)]
    assert all(one.keys() == {"namespace", "groups"} for one in documents)
    assert documents[1]["groups"] == yaml.safe_load(render_rule_file([SLO]))["groups"]
    # The ruler's default limit, which is not raised everywhere.
    assert all(len(group["rules"]) <= 20 for one in documents for group in one["groups"])


def test_times_of_groups() -> None:
    (placed,) = Placing("", MINUTE, timedelta(seconds=30)).place([SLO])
    groups = yaml.safe_load(render_rule_file([placed]))["groups"]
    # The budget that is left is computed at an interval of its own.
    assert [(group["interval"], group["query_offset"]) for group in groups] == [("1m", "30s"), ("4m", "30s")]


def test_an_interval_that_is_longer_than_a_window() -> None:
    specifications = parse(GOOD.encode(), "slo.yaml")
    Placing(interval=5 * MINUTE).check(specifications)
    with pytest.raises(PlacingError, match="found an interval of 6m, expected at most 5m"):
        Placing(interval=6 * MINUTE).check(specifications)
    code, output, error = run("--interval", "1m", str(EXAMPLES["slo-demo"]))
    assert (code, output) == (1, "")
    assert "found an interval of 1m, expected at most 5s" in error


def test_another_namespace_is_told() -> None:
    code, output, error = run("--namespace", "monitoring", str(EXAMPLES["slo"]), str(EXAMPLES["subjects"]))
    assert code == 0
    assert {one["metadata"]["namespace"] for one in yaml.safe_load_all(output)} == {"monitoring"}
    assert "shop-availability: its rules leave their workload's namespace" in error
    assert "per-deployment: its rules" not in error
    assert run("--namespace", "shop", str(EXAMPLES["slo"]))[2] == ""


@pytest.mark.parametrize(
    "options", [["--namespace", "A"], ["--interval", "0s"], ["--interval", "soon"], ["--query-offset", "-1m"]]
)
def test_wrong_options(options: list[str]) -> None:
    assert run(*options, str(EXAMPLES["slo"]))[0] == 2


def test_names_that_clash(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(f"{GOOD}---\n{GOOD.replace('namespace: prod', 'namespace: test')}")
    assert run(str(file))[0] == 0
    code, output, error = run("--namespace", "monitoring", str(file))
    assert (code, output) == (1, "")
    assert "found 2 objects named monitoring/shop, expected one of each name" in error
    with pytest.raises(PlacingError, match="found 2 groups named slo/prod/shop"):
        Placing().place([SLO, replace(SLO, name="other")])


def group(name: str, size: int) -> RuleGroup:
    return RuleGroup(name, (Recording("r", "x" * size, {}),))


def test_an_object_that_fits_into_no_configmap_becomes_several() -> None:
    groups = tuple(group(f"g{number}", MOST_BYTES // 5) for number in range(12))
    text = render_prometheus_rules([SLO, RuleSet("large", "prod", {"a": "b"}, groups), SLO])
    documents = text.split("---\n")
    assert all(len(document.encode()) <= MOST_BYTES for document in documents)
    objects = [yaml.safe_load(document) for document in documents]
    assert [one["metadata"]["name"] for one in objects] == ["shop", "large", "large-2", "large-3", "shop"]
    assert all(one["metadata"]["labels"]["a"] == "b" for one in objects[1:-1])
    parts = [group["name"] for one in objects[1:-1] for group in one["spec"]["groups"]]
    assert parts == [one.name for one in groups]


def test_characters_are_counted_as_bytes() -> None:
    groups = tuple(RuleGroup(name, (Recording("r", "é" * (MOST_BYTES // 3), {}),)) for name in "ab")
    assert render_prometheus_rules([RuleSet("large", "", {}, groups)]).count("kind: PrometheusRule") == 2


def test_a_group_that_fits_into_no_configmap_is_refused() -> None:
    with pytest.raises(TooLargeError, match=r"large: the group huge takes 5244\d\d bytes, more than 524288"):
        render_prometheus_rules([RuleSet("large", "", {}, (group("a", 1), group("huge", MOST_BYTES - 90)))])


def test_the_largest_queries_fit() -> None:
    query = f"rate(t{{a='{'x' * 8170}'}}[$window])"
    text = GOOD.replace("rate(e[$window])", query).replace("rate(t[$window])", query)
    rendered = render_prometheus_rules([generate(parse(text.encode(), "slo.yaml")[0])])
    assert rendered.count("kind: PrometheusRule") == 1
