"""`metricops rules generate`: streams, exit codes and files."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from cli.rules import rules_group
from tests.unit.rules.test_generate import EXAMPLES, GOLDEN


def test_prometheus_rules_on_standard_output() -> None:
    result = CliRunner().invoke(rules_group, ["generate", str(EXAMPLES["slo"])])
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout == (GOLDEN / "slo.prometheusrule.yaml").read_text()


def test_a_rule_file_of_several(tmp_path: Path) -> None:
    output = tmp_path / "rules.yaml"
    files = [str(EXAMPLES[name]) for name in ("slo", "rule", "slo-statefulset")]
    result = CliRunner().invoke(rules_group, ["generate", "--format", "prometheus", "--output", str(output), *files])
    assert (result.exit_code, result.stdout) == (0, "")
    groups = yaml.safe_load(output.read_text())["groups"]
    assert [group["name"] for group in groups] == [
        "slo/shop/shop-availability",
        "slo/shop/shop-availability/budget",
        "slo/shop/shop-any-5xx",
        "slo/prod/orders-availability",
        "slo/prod/orders-availability/budget",
    ]


def test_the_talks_rule_is_linted_and_left_as_it_is() -> None:
    result = CliRunner().invoke(rules_group, ["generate", str(EXAMPLES["rule"])])
    assert result.exit_code == 0
    assert 'expr: rate(http_request_total{code=~"^5.*$"}[5m]) > 0\n' in result.stdout
    assert [line.split(": ")[:2] for line in result.stderr.splitlines()] == [
        ["shop-any-5xx", name] for name in ("once-per-series", "single-event", "at-once", "any-workload")
    ]


def test_all_problems_of_all_files_go_to_standard_error(tmp_path: Path) -> None:
    text = EXAMPLES["slo"].read_text()
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(text.replace("99.5\n", "100\n").replace("30d", "x"))
    second.write_text("")
    output = tmp_path / "rules.yaml"
    result = CliRunner().invoke(rules_group, ["generate", "-o", str(output), str(first), str(second)])
    assert result.exit_code == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert [line.split(": found")[0] for line in lines] == [
        f"{first}:10: spec.objective",
        f"{first}:11: spec.window",
        f"{second}:1: document",
    ]
    assert not output.exists()


@pytest.mark.parametrize(
    "arguments", [[], ["missing.yaml"], ["--format", "thanos", str(EXAMPLES["slo"])], ["--nonsense", "x"]]
)
def test_usage_errors(arguments: list[str]) -> None:
    assert CliRunner().invoke(rules_group, ["generate", *arguments]).exit_code == 2


def test_a_large_file_is_not_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    with file.open("wb") as stream:
        stream.truncate(50 * 1024**3)  # Sparse: 50 GiB that take no place.
    result = CliRunner().invoke(rules_group, ["generate", str(file)])
    assert result.exit_code == 1
    assert "found more than 1048576 bytes, expected at most 1 MiB" in result.stderr


def test_an_output_that_can_not_be_written(tmp_path: Path) -> None:
    output = tmp_path / "missing" / "rules.yaml"
    result = CliRunner().invoke(rules_group, ["generate", "-o", str(output), str(EXAMPLES["slo"])])
    assert result.exit_code == 1
    assert f"{output}: No such file or directory" in result.stderr
