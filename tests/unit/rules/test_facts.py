"""Each line of what others ran into has its tests, and each of those tests stands for a line."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.service.rules.facts.lines import LINES

ROOT = Path(__file__).parents[3]
FACTS = ROOT / "tests/service/rules/facts"


def named_in(file: Path) -> set[str]:
    found = ast.parse(file.read_text()).body
    return {node.name for node in found if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def where(named: str) -> tuple[Path, str]:
    place, _, name = named.partition("::")
    return (ROOT / place if "/" in place else FACTS / place), name


@pytest.mark.parametrize("line", LINES)
def test_a_line_has_tests_that_exist(line: str) -> None:
    assert LINES[line]
    for named in LINES[line]:
        file, name = where(named)
        assert name in named_in(file), named


def test_each_test_stands_for_a_line() -> None:
    named = {where(named) for tests in LINES.values() for named in tests}
    there = {(file, name) for file in FACTS.glob("test_*.py") for name in named_in(file)}
    assert there - named == set()
