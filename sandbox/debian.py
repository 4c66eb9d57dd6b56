"""Prometheus and Alertmanager: from PATH, else unpacked from Debian's packages into the cache, without root.

apt itself says where the machine's Debian mirror is and checks the signatures; it works on lists and folders of the
cache, so the system's own stay as they are.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sandbox.cache import Progress, built_once
from sandbox.toolchain import version_tuple

Pair = Literal["default", "newest", "floor"]
SUITES: dict[Pair, str] = {"default": "trixie", "newest": "sid", "floor": "bookworm"}
PROGRAMS = ("prometheus", "promtool", "alertmanager", "amtool")
LEAST_ON_PATH = {"prometheus": (2, 42), "promtool": (2, 42), "alertmanager": (0, 25), "amtool": (0, 25)}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True, slots=True)
class MonitoringBinaries:
    """Where the four programs are, and what Prometheus and Alertmanager say of their versions."""

    prometheus: Path
    promtool: Path
    alertmanager: Path
    amtool: Path
    prometheus_version: str
    alertmanager_version: str

    share: Path | None = None

    def alertmanager_command(self, writable: Path) -> list[str | Path]:
        """How to start Alertmanager so that it may write to a folder.

        Debian's looks for its templates in /usr/share/prometheus; where the package is only unpacked, bubblewrap
        shows it that folder.
        """
        if self.share is None:
            return [self.alertmanager]
        view: list[str | Path] = ["--ro-bind", "/", "/", "--dev", "/dev", "--tmpfs", "/usr/share"]
        view += ["--ro-bind-try", "/usr/share/zoneinfo", "/usr/share/zoneinfo"]
        view += ["--ro-bind", self.share, "/usr/share/prometheus", "--bind", writable, writable]
        return ["bwrap", "--die-with-parent", *view, self.alertmanager]

    @property
    def has_kubernetes_sd(self) -> bool:
        """Whether this Prometheus was built with the Kubernetes discovery (bookworm's was not)."""
        return version_tuple(self.prometheus_version) >= (2, 45)


def monitoring_binaries(pair: Pair = "default", *, progress: Progress) -> MonitoringBinaries:
    """The programs of a pair. The default pair prefers what is on PATH, where all four are new enough."""
    if pair == "default":
        on_path = _on_path()
        if on_path is not None:
            return on_path
    suite = SUITES[pair]
    folder = built_once(f"debian-{suite}", lambda draft: _unpack(suite, draft, progress), progress)
    programs = {program: folder / "usr/bin" / _debian_name(program) for program in PROGRAMS}
    return _described(programs, share=folder / "usr/share/prometheus")


def _debian_name(program: str) -> str:
    return f"prometheus-{program}" if program == "alertmanager" else program


def _on_path() -> MonitoringBinaries | None:
    found: dict[str, Path] = {}
    for program in PROGRAMS:
        path = shutil.which(program)
        if path is None or version_tuple(_version(Path(path))) < LEAST_ON_PATH[program]:
            return None
        found[program] = Path(path)
    described = _described(found)
    return described if described.has_kubernetes_sd else None


def _described(programs: dict[str, Path], share: Path | None = None) -> MonitoringBinaries:
    return MonitoringBinaries(
        **programs,
        prometheus_version=_version(programs["prometheus"]),
        alertmanager_version=_version(programs["alertmanager"]),
        share=share,
    )


def _version(program: Path) -> str:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\S+)", answer.stdout + answer.stderr)
    return found[1].rstrip(",") if found else ""


def _unpack(suite: str, draft: Path, progress: Progress) -> None:
    progress(f"fetching Prometheus and Alertmanager from Debian {suite}")
    apt = draft / "apt"
    for folder in (apt / "lists/partial", apt / "cache/archives/partial", apt / "packages"):
        folder.mkdir(parents=True)
    sources = apt / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {_mirror()} {suite} main\n")
    options = [
        *("-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=-"),
        *("-o", f"Dir::State::lists={apt / 'lists'}", "-o", f"Dir::Cache={apt / 'cache'}"),
        *("-o", "APT::Sandbox::User="),
    ]
    _run(["apt-get", "--quiet", *options, "update"])
    packages = ["prometheus", "prometheus-alertmanager", *(["promtool"] if suite != "bookworm" else [])]
    progress(f"downloading {', '.join(packages)}")
    _run(["apt-get", "--quiet", *options, "download", *packages], folder=apt / "packages")
    for package in sorted((apt / "packages").glob("*.deb")):
        _run(["dpkg", "-x", str(package), str(draft)])
    shutil.rmtree(apt)


def _mirror() -> str:
    """The machine's own Debian mirror, as apt knows it. Raises `RuntimeError` where it has none."""
    targets = _run(
        ["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"]
    )
    for line in targets.splitlines():
        address, _, release = line.partition(" ")
        if release in SUITES.values():
            return address
    raise RuntimeError(f"apt knows no source for one of {', '.join(SUITES.values())}, expected a Debian mirror")


def _run(command: list[str], folder: Path | None = None) -> str:
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:1])} failed with {answer.returncode}:\n{answer.stderr[-2000:]}")
    return answer.stdout
