"""The real sloth: built once from its Go module, and run."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.cache import Progress, built_once
from sandbox.toolchain import go_build

MODULE = Path(__file__).parents[1] / "sloth"
PACKAGE = "github.com/slok/sloth"
VERSION_VARIABLE = f"{PACKAGE}/internal/info.Version"


class SlothError(RuntimeError):
    """sloth refused a specification; the message has its words."""


@dataclass(frozen=True, slots=True)
class Sloth:
    """Where the program is, and its version (`v0.16.0`)."""

    program: Path
    version: str

    def command(self, specification: Path, output: Path, arguments: Sequence[str] = ()) -> list[str]:
        """What makes the rules of a file or a folder of specifications."""
        what = ["generate", "--no-log", "--input", str(specification), "--out", str(output)]
        return [str(self.program), *what, *arguments]

    def generate(self, specification: Path, output: Path, arguments: Sequence[str] = ()) -> None:
        """Write the rules for a file or a folder of specifications. Raises `SlothError`."""
        command = self.command(specification, output, arguments)
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            raise SlothError(f"{specification}: {answer.stderr.strip()[-2000:]}")


def sloth(progress: Progress) -> Sloth:
    """The version that go.mod names, out of the cache or built into it."""
    version = required_version((MODULE / "go.mod").read_text())
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in _sources())).hexdigest()[:12]
    folder = built_once(f"sloth-{version}-{digest}", lambda draft: _build(version, draft, progress), progress)
    return Sloth(folder / "sloth", version)


def required_version(go_mod: str) -> str:
    """The release (`v0.16.0`) that a go.mod requires. Raises `ValueError` where it requires none."""
    found = re.search(rf"^\s*(?:require )?{re.escape(PACKAGE)} (v\S+)", go_mod, re.MULTILINE)
    if found is None:
        raise ValueError(f"go.mod does not require {PACKAGE}")
    return found[1]


def _sources() -> list[Path]:
    return [MODULE / "go.mod", MODULE / "go.sum"]


def _build(version: str, draft: Path, progress: Progress) -> None:
    arguments = ["-ldflags", f"-s -w -X {VERSION_VARIABLE}={version}", "-o", str(draft / "sloth")]
    arguments.append(f"{PACKAGE}/cmd/sloth")
    what = f"building sloth {version}"
    go_build(_sources(), arguments, draft, what=what, takes="2 minutes", progress=progress)
