"""The options that `metricops rules` has for other tools' formats; its subcommands share them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.rules import rules_group
from tests.unit.rules.foreign.test_catalogue import WEEK
from tests.unit.rules.foreign.test_sloth import PLAIN
from tests.unit.rules.foreign.test_workloads import MAPPING


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("slo.yaml", PLAIN), ("week.yaml", WEEK), ("workloads.yaml", MAPPING)):
        (tmp_path / name).write_text(text)
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        rules_group, ["generate", *(argument.replace("@", f"{folder}/") for argument in arguments)]
    )


def test_a_note_on_standard_error_where_nobody_is_judged(folder: Path) -> None:
    result = run(folder, "@slo.yaml")
    assert result.exit_code == 0
    assert result.stderr == (
        "cart-availability: no workload is named (metricops.dev/workload, --workload or --workloads): "
        "people are alerted, nothing is undone\n"
    )
    assert "metricops: undo" not in result.stdout


def test_a_workload_for_all(folder: Path) -> None:
    result = run(folder, "--workload", "shop/deployment/cart", "@slo.yaml")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "deployment: cart\n" in result.stdout
    assert "metricops: undo" in result.stdout


def test_a_mapping_and_windows(folder: Path) -> None:
    result = run(folder, "--workloads", "@workloads.yaml", "--period", "7d", "--windows", "@week.yaml", "@slo.yaml")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "daemonset: d\n" in result.stdout
    assert "> 13.44" in result.stdout


def test_a_mapping_of_a_name_that_nobody_has(folder: Path) -> None:
    (folder / "workloads.yaml").write_text(MAPPING.replace("cart/availability", "cart/avaliability"))
    result = run(folder, "--workloads", "@workloads.yaml", "@slo.yaml")
    assert result.exit_code == 0
    assert result.stderr == ("--workloads: cart/avaliability is the name of no service or objective that was read\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--workload", "cart", "@slo.yaml"], 2, "found 'cart', expected a workload such as prod/deployment/shop"),
        (["--period", "1M", "@slo.yaml"], 2, "found '1M', expected a duration"),
        (["--windows", "@missing.yaml", "@slo.yaml"], 2, "does not exist"),
        (["--windows", "@slo.yaml", "@slo.yaml"], 1, "slo.yaml:1: version: found the unknown field 'version'"),
        (
            ["--workloads", "@slo.yaml", "@slo.yaml"],
            1,
            "slo.yaml:1: version: found 'prometheus/v1', expected a mapping",
        ),
        (["--period", "7d", "@slo.yaml"], 1, "slo.yaml:6: slos[0]: found a period of 7d"),
    ],
)
def test_faults(folder: Path, arguments: list[str], code: int, said: str) -> None:
    result = run(folder, *arguments)
    assert result.exit_code == code
    assert said in result.stderr
