"""Prometheus and Alertmanager: from PATH, else unpacked from Debian's packages into the cache, without root.

apt itself says where the machine's Debian mirror is and checks the signatures; it works on lists and folders of the
cache, so the system's own stay as they are.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sandbox.cache import Progress, built_once
from sandbox.process import TIED_TO_US, run_with_progress
from sandbox.toolchain import version_tuple

Pair = Literal["default", "newest", "floor"]
DEBIAN_SUITES = ("bookworm", "trixie", "forky", "sid", "stable", "testing", "unstable")
SUITES: dict[Pair, str] = {"default": "trixie", "newest": "sid", "floor": "bookworm"}
PROGRAMS = ("prometheus", "promtool", "alertmanager", "amtool")
LEAST_ON_PATH = {"prometheus": (2, 42), "promtool": (2, 42), "alertmanager": (0, 25), "amtool": (0, 25)}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


WITH_TEMPLATES = (
    "mount -t tmpfs -o size=1m none /usr/share && mkdir /usr/share/prometheus && "
    'mount --bind "$1" /usr/share/prometheus && shift && exec "$@"'
)
KUBERNETES_SD = "scrape_configs: [{job_name: pods, kubernetes_sd_configs: [{role: pod}]}]"


@dataclass(frozen=True, slots=True)
class MonitoringBinaries:
    """Where the four programs are, and what Prometheus and Alertmanager say of their versions (`2.53.3+ds1`)."""

    prometheus: Path
    promtool: Path
    alertmanager: Path
    amtool: Path
    prometheus_version: str
    alertmanager_version: str
    has_kubernetes_sd: bool
    """Whether this Prometheus was built with the Kubernetes discovery (bookworm's was not)."""
    share: Path | None = None
    """What the packages have for /usr/share/prometheus, where they are only unpacked."""

    def alertmanager_command(self) -> list[str | Path]:
        """How to start Alertmanager.

        Debian's reads its templates from /usr/share/prometheus; where the package is only unpacked, it sees that
        folder in a mount namespace of its own. Signals reach Alertmanager itself, so that it ends in good order.
        """
        if self.share is None:
            return [self.alertmanager]
        view = ["unshare", "--user", "--map-root-user", "--mount", *TIED_TO_US]
        return [*view, "sh", "-c", WITH_TEMPLATES, "sh", self.share, self.alertmanager]


def monitoring_binaries(pair: Pair = "default", *, progress: Progress) -> MonitoringBinaries:
    """The programs of a pair. The default pair prefers what is on PATH, where all four are new enough."""
    if pair == "default":
        on_path = _on_path()
        if on_path is not None:
            return on_path
    suite = SUITES[pair]
    packages = ["prometheus", "prometheus-alertmanager", *(["promtool"] if suite != "bookworm" else [])]

    def unpack(draft: Path) -> None:
        _unpack(suite, packages, draft, progress)
        for program in PROGRAMS:
            if not _version(draft / "usr/bin" / _debian_name(program)):
                name = _debian_name(program)
                raise RuntimeError(f"Debian {suite}'s {program} does not run here; try `{name} --version`")

    folder = built_once(f"debian-{suite}", unpack, progress)
    programs = {program: folder / "usr/bin" / _debian_name(program) for program in PROGRAMS}
    return _described(programs, share=folder / "usr/share/prometheus")


def debian_packages(name: str, packages: Sequence[str], *, suite: str, progress: Progress) -> Path:
    """The cache's folder `name` with what these packages have, unpacked; nothing of them is installed or started."""
    return built_once(name, lambda draft: _unpack(suite, packages, draft, progress), progress)


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
        has_kubernetes_sd=_has_kubernetes_sd(programs["promtool"]),
        share=share,
    )


def _version(program: Path) -> str:
    """What a program says of itself; empty where it does not run."""
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return reported_version(answer.stdout + answer.stderr)


def reported_version(text: str) -> str:
    """The version in the answer to `--version`; empty where there is none."""
    found = re.search(r"version (\d[^\s,]*)", text)
    return found[1] if found else ""


def _has_kubernetes_sd(promtool: Path) -> bool:
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as config:
        config.write(KUBERNETES_SD)
        config.flush()
        return (
            subprocess.run([promtool, "check", "config", config.name], capture_output=True, check=False).returncode == 0
        )


def _unpack(suite: str, packages: Sequence[str], draft: Path, progress: Progress) -> None:
    progress(f"fetching {', '.join(packages)} from Debian {suite} (once)")
    apt = draft / "apt"
    for folder in (apt / "lists/partial", apt / "cache/archives/partial", apt / "packages"):
        folder.mkdir(parents=True)
    sources = apt / "sources.list"
    sources.write_text(source_line(_mirror(), suite, KEYRING if KEYRING.exists() else None))
    options = [
        *("-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=-"),
        *("-o", f"Dir::State::lists={apt / 'lists'}", "-o", f"Dir::Cache={apt / 'cache'}"),
        *("-o", "APT::Sandbox::User=", "-o", "Acquire::Languages=none", "-o", "Acquire::Retries=3"),
    ]
    run_with_progress(["apt-get", *options, "update"], f"reading Debian {suite}'s package lists", progress)
    what = f"downloading {', '.join(packages)} from Debian {suite}"
    run_with_progress(["apt-get", *options, "download", *packages], what, progress, folder=apt / "packages")
    for package in sorted((apt / "packages").glob("*.deb")):
        run_with_progress(["dpkg", "-x", package, draft], f"unpacking {package.name}", progress)
    shutil.rmtree(apt)


def source_line(mirror: str, suite: str, keyring: Path | None) -> str:
    """A line of sources.list; without a keyring apt's own trusted keys count."""
    return f"deb {f'[signed-by={keyring}] ' if keyring else ''}{mirror} {suite} main\n"


def _mirror() -> str:
    form = "$(REPO_URI) $(RELEASE)"
    targets = subprocess.run(
        ["apt-get", "indextargets", "--no-release-info", "--format", form, "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=True,
    )
    return mirror_of(targets.stdout)


def mirror_of(targets: str) -> str:
    """The machine's own Debian mirror, from apt's list of what it would fetch: lines of an address and a suite.

    Raises `RuntimeError` where it has none.
    """
    found = [line.partition(" ")[::2] for line in targets.splitlines()]
    for address, suite in found:
        if suite in DEBIAN_SUITES:
            return address
    raise RuntimeError(
        f"apt's sources: found {', '.join(sorted({suite for _, suite in found})) or 'none'}, "
        f"expected one of Debian's suites ({', '.join(DEBIAN_SUITES)})"
    )
