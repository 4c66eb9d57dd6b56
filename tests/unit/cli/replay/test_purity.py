"""Only one file of a replay, and of a check, asks anybody."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import cli.check
import cli.replay

EDGES = {"history.py"}
OUTSIDE = {"urllib3", "requests", "socket", "subprocess", "os", "click", "kubernetes", "time"}
FILES = [file for package in (cli.check, cli.replay) for file in Path(str(package.__file__)).parent.glob("*.py")]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_what_is_imported(file: Path) -> None:
    tree = ast.parse(file.read_text())
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    found = {module.split(".")[0] for module in modules} & OUTSIDE
    assert bool(found) is (file.name in EDGES), found
    assert not [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "utcnow"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "datetime"
    ]
