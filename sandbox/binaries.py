"""The control plane's programs: from PATH or KUBEBUILDER_ASSETS, else built once from their Go modules."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sandbox.cache import Progress, built_once
from sandbox.toolchain import go_build

DEFAULT_VERSION = "1.36"
SOURCE = Path(__file__).parent / "controlplane"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
STAMPED_PACKAGES = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
"""Where Kubernetes keeps its version; not stamped, the server reports v0.0.0."""


@dataclass(frozen=True, slots=True)
class ControlPlaneBinaries:
    """Where the programs are, and which Kubernetes they are (`v1.36.3`)."""

    folder: Path
    version: str

    def __getitem__(self, program: str) -> Path:
        return self.folder / program


def versions() -> list[str]:
    """The Kubernetes versions that can be built."""
    return sorted(folder.name for folder in SOURCE.iterdir() if folder.is_dir())


def control_plane_binaries(version: str = DEFAULT_VERSION, *, progress: Progress) -> ControlPlaneBinaries:
    """The programs of a Kubernetes version (`1.36`). Raises `ValueError` for a version that is not known."""
    if version not in versions():
        raise ValueError(f"Kubernetes version: found {version!r}, expected one of {', '.join(versions())}")
    for folder in (os.environ.get("KUBEBUILDER_ASSETS"), *os.environ.get("PATH", "").split(os.pathsep)):
        if folder and all((Path(folder) / program).is_file() for program in PROGRAMS):
            found = _reported_version(Path(folder) / "kube-apiserver")
            if found.startswith(f"v{version}."):
                return ControlPlaneBinaries(Path(folder), found)
    exact = exact_version((SOURCE / version / "go.mod").read_text())
    built = built_once(
        f"controlplane-{exact}-{_sources_hash(version)}",
        lambda draft: _build(version, exact, draft, progress),
        progress,
    )
    return ControlPlaneBinaries(built, exact)


def _sources_hash(version: str) -> str:
    """What the program is made of: a change of any of it is another entry of the cache."""
    digest = hashlib.sha256()
    for file in _sources(version):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _sources(version: str) -> list[Path]:
    return [SOURCE / "main.go", SOURCE / version / "go.mod", SOURCE / version / "go.sum"]


def exact_version(go_mod: str) -> str:
    """The Kubernetes release (`v1.36.3`) that a go.mod requires. Raises `ValueError` where it requires none."""
    found = re.search(r"^\s*(?:require )?k8s\.io/kubernetes (v\S+)", go_mod, re.MULTILINE)
    if found is None:
        raise ValueError("go.mod does not require k8s.io/kubernetes")
    return found[1]


def _reported_version(apiserver: Path) -> str:
    answer = subprocess.run([apiserver, "--version"], capture_output=True, text=True, check=False)
    return answer.stdout.strip().rpartition(" ")[2]


def _build(version: str, exact: str, draft: Path, progress: Progress) -> None:
    minor = exact.split(".")[1]
    stamp = {"gitVersion": exact, "gitMajor": "1", "gitMinor": minor}
    flags = " ".join(f"-X {package}.{key}={value}" for package in STAMPED_PACKAGES for key, value in stamp.items())
    arguments = ["-ldflags", f"-s -w {flags}", "-o", str(draft / "controlplane"), "."]
    what = f"building Kubernetes {exact}"
    go_build(_sources(version), arguments, draft, what=what, takes="5 minutes", progress=progress)
    for program in PROGRAMS:
        (draft / program).symlink_to("controlplane")
