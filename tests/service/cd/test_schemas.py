"""The recipes by the schemas of the systems that read them, and by the shell's own parser."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.recipes import PAGES, blocks, scripts


@pytest.mark.parametrize(
    ("page", "schema"),
    [("github-actions.md", "github-workflows"), ("gitlab-ci.md", "gitlab-ci"), ("circleci.md", "circle-ci")],
)
def test_schema(page: str, schema: str, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yml"
    recipe.write_text(blocks(page, "yaml")[0])
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(recipe)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES)
def test_shell(page: str) -> None:
    for script in scripts(page):
        done = subprocess.run(["/bin/sh", "-n"], input=script, capture_output=True, text=True, check=False, timeout=10)
        assert done.returncode == 0, f"{script}\n{done.stderr}"
