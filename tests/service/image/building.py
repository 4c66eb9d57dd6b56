"""Build the Dockerfile without a container engine: its own instructions, carried out under bubblewrap.

The base image is stood in for by this machine's Python at the place where that image has its own, `/usr/local`. What
this cannot show is the base image itself. Instructions that the Dockerfile does not use are refused.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pip
from dockerfile_parse import DockerfileParser

from sandbox.cache import Progress, built_once
from sandbox.node.tree import Mount, exposed_paths, plan

ROOT = Path(__file__).parents[3]
LOCKS = (ROOT / "requirements.lock", ROOT / "requirements-build.lock")
WRITABLE = ("usr/local", "source", "install", "wheel")
"""Where the build may write; what it writes elsewhere is not in the image."""
LAST = "last"
"""What the stage is called here that has no name."""
WITHOUT_EFFECT = ("COMMENT", "LABEL", "EXPOSE")


@dataclass
class Stage:
    """A stage as far as it has come: its files, and what its containers start with."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0"
    entrypoint: list[str] = field(default_factory=list)

    def command(self, line: list[str], *extra: Mount, read_only: bool) -> list[str]:
        """The command line that runs `line` in this stage; `read_only` as the shipped Pods do, with its own /tmp."""
        exposed = [path for path in exposed_paths(Path(sys.prefix)) if path != Path(sys.prefix)]
        mounts = [Mount(f"/{name}", self.root / name, writable=not read_only) for name in WRITABLE]
        tree = plan(exposed, [*(mount for mount in mounts if mount.source.exists()), *extra])
        limits = ["--proc", "/proc", "--dev", "/dev", "--unshare-user", "--unshare-pid", "--die-with-parent"]
        shown = ["--remount-ro", "/", "--tmpfs", "/tmp", "--tmpfs", "/dev/shm"] if read_only else []  # noqa: S108
        uid = self.user.partition(":")[0]
        return ["bwrap", *tree, *limits, *shown, "--uid", uid, "--gid", uid, "--chdir", self.workdir, "--", *line]

    def child_environment(self) -> dict[str, str]:
        """Nothing of ours: the base image's PATH, and what ENV says."""
        return {"PATH": "/usr/local/bin:/usr/bin:/bin", **self.environment}

    def digest(self) -> str:
        """Of every file that was put into /install: path, mode, time and content."""
        found = hashlib.sha256()
        for path in sorted((self.root / "install").rglob("*")):
            if path.is_file() and not path.is_symlink():
                status = path.stat()
                found.update(f"{path.relative_to(self.root)} {status.st_mode:o} {int(status.st_mtime)}\0".encode())
                found.update(path.read_bytes())
        return found.hexdigest()


def build(folder: Path, progress: Progress, *, target: str = LAST) -> dict[str, Stage]:
    """Carry out the Dockerfile up to the stage `target`; the files are kept below `folder`. Returns the stages."""
    wheels = Mount("/wheels", locked_wheels(progress))
    stages: dict[str, Stage] = {}
    stage = Stage(folder)
    for instruction, value in _instructions():
        if instruction in WITHOUT_EFFECT:
            continue
        words = shlex.split(value)
        match instruction:
            case "FROM":
                if target in stages:
                    break
                stage = Stage(folder / str(len(stages)))
                stages[words[2] if len(words) > 1 else LAST] = stage
                _stand_in_for_the_base(stage.root / "usr/local")
            case "ENV":
                stage.environment.update(word.split("=", 1) for word in words)  # type: ignore[misc]
            case "ARG":
                name, _, default = value.partition("=")
                stage.arguments[name] = default
            case "WORKDIR":
                stage.workdir = value
                (stage.root / value.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "COPY":
                _copy(stage, stages, words)
            case "RUN":
                _run(stage, value, wheels)
            case "USER":
                stage.user = value
            case "ENTRYPOINT":
                stage.entrypoint = json.loads(value)
            case _:
                raise NotImplementedError(f"Dockerfile: {instruction}")
    return stages


def locked_wheels(progress: Progress) -> Path:
    """What the locks name, as wheels, checked by their hashes: fetched once."""
    digest = hashlib.sha256(b"".join(lock.read_bytes() for lock in LOCKS) + sys.version.encode()).hexdigest()[:12]

    def fetch(draft: Path) -> None:
        progress("fetching the wheels that the image's locks name")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps"]
        for lock in LOCKS:
            subprocess.run(
                [*command, "--only-binary=:all:", "--dest", str(draft), "--requirement", str(lock)], check=True
            )

    return built_once(f"image-wheels-{digest}", fetch, progress)


def _instructions() -> Iterator[tuple[str, str]]:
    for found in DockerfileParser(path=str(ROOT / "Dockerfile")).structure:
        yield found["instruction"], found["value"]


def _run(stage: Stage, line: str, wheels: Mount) -> None:
    for name in WRITABLE:
        (stage.root / name).mkdir(parents=True, exist_ok=True)
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": wheels.target}
    subprocess.run(
        stage.command(["/bin/sh", "-c", line], wheels, read_only=False),
        env={**stage.child_environment(), **stage.arguments, **offline},
        check=True,
    )


def _stand_in_for_the_base(target: Path) -> None:
    """A Python with pip, and nothing else, where the official image has it."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = target / "lib" / version / "site-packages"
    packages.mkdir(parents=True)
    own = Path(pip.__file__).parent
    for part in (own, *own.parent.glob("pip-*.dist-info")):
        shutil.copytree(part, packages / part.name, ignore=shutil.ignore_patterns("__pycache__"))
    interpreter = Path(sys.base_prefix).resolve() / "bin" / version
    (target / "pyvenv.cfg").write_text(f"home = {interpreter.parent}\ninclude-system-site-packages = false\n")
    (target / "bin").mkdir()
    for name in ("python", "python3", version):
        (target / "bin" / name).symlink_to(interpreter)


def _copy(stage: Stage, stages: dict[str, Stage], words: list[str]) -> None:
    *sources, target = words
    if sources[0].startswith("--from="):
        (source,) = sources[1:]
        shutil.copytree(
            stages[sources[0].removeprefix("--from=")].root / source.lstrip("/"),
            stage.root / target.lstrip("/"),
            dirs_exist_ok=True,
            symlinks=True,
            copy_function=os.link,  # Neither is changed any more.
        )
        return
    into = stage.root / str(PurePosixPath(stage.workdir) / target).lstrip("/")
    for source in sources:
        if source == ".":
            shutil.copytree(ROOT, into, dirs_exist_ok=True, ignore=_ignored)
        else:
            shutil.copy2(ROOT / source, into)


def _ignored(folder: str, entries: list[str]) -> set[str]:
    """What .dockerignore leaves out; a pattern is a name at the top, or `**/` and a name anywhere."""
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    anywhere = [pattern.removeprefix("**/") for pattern in patterns if pattern.startswith("**/")]
    here = anywhere + (patterns if Path(folder) == ROOT else [])
    return {entry for entry in entries if any(fnmatch.fnmatchcase(entry, pattern) for pattern in here)}
