"""The control plane's programs: from PATH or KUBEBUILDER_ASSETS, else built once from their Go modules."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from sandbox.cache import Progress, built_once
from sandbox.toolchain import go_command

DEFAULT_VERSION = "1.36"
SOURCE = Path(__file__).parent / "controlplane"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
PROGRESS_EVERY_SECONDS = 8.0


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
    exact = _exact_version((SOURCE / version / "go.mod").read_text())
    built = built_once(f"controlplane-{exact}", lambda draft: _build(version, exact, draft, progress), progress)
    return ControlPlaneBinaries(built, exact)


def _exact_version(go_mod: str) -> str:
    found = re.search(r"^\s*(?:require )?k8s\.io/kubernetes (v\S+)", go_mod, re.MULTILINE)
    if found is None:
        raise ValueError("go.mod does not require k8s.io/kubernetes")
    return found[1]


def _reported_version(apiserver: Path) -> str:
    answer = subprocess.run([apiserver, "--version"], capture_output=True, text=True, check=False)
    return answer.stdout.strip().rpartition(" ")[2]


def _build(version: str, exact: str, draft: Path, progress: Progress) -> None:
    go = go_command(SOURCE / version / "go.mod", progress)
    workshop = draft / "workshop"
    workshop.mkdir()
    for file in (SOURCE / "main.go", SOURCE / version / "go.mod", SOURCE / version / "go.sum"):
        shutil.copy(file, workshop)
    minor = exact.split(".")[1]
    stamps = {
        "k8s.io/component-base/version": {"gitVersion": exact, "gitMajor": "1", "gitMinor": minor},
        "k8s.io/client-go/pkg/version": {"gitVersion": exact, "gitMajor": "1", "gitMinor": minor},
    }
    flags = " ".join(f"-X {package}.{key}={value}" for package, keys in stamps.items() for key, value in keys.items())
    environment = {
        **os.environ,
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly",
        "GOCACHE": str(workshop / "gocache"),
        "CGO_ENABLED": "0",
    }
    command = [
        str(go),
        "build",
        "-v",
        "-trimpath",
        "-ldflags",
        f"-s -w {flags}",
        "-o",
        str(draft / "controlplane"),
        ".",
    ]
    progress(f"building Kubernetes {exact} from its Go modules (once; about 5 minutes on two cores)")
    _run_with_progress(command, workshop, environment, f"building Kubernetes {exact}", progress)
    shutil.rmtree(workshop)
    for program in PROGRAMS:
        (draft / program).symlink_to("controlplane")


def _run_with_progress(
    command: list[str], folder: Path, environment: dict[str, str], what: str, progress: Progress
) -> None:
    """Run a Go build and say every few seconds how far it is; its words are shown only when it fails."""
    began = time.monotonic()
    lines: list[str] = []
    done = threading.Event()

    def tell() -> None:
        while not done.wait(PROGRESS_EVERY_SECONDS):
            compiled = sum(not line.startswith("go: ") for line in lines)
            fetched = len(lines) - compiled
            progress(
                f"{what}: {time.monotonic() - began:.0f} s, {fetched} modules fetched, {compiled} packages compiled"
            )

    teller = threading.Thread(target=tell, daemon=True)
    with subprocess.Popen(
        ["nice", *command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as build:
        teller.start()
        try:
            if build.stdout is not None:
                lines.extend(iter(build.stdout.readline, ""))
        except BaseException:
            build.kill()
            raise
        finally:
            done.set()
    if build.returncode != 0:
        raise RuntimeError(f"{what} failed with {build.returncode}:\n{''.join(lines[-20:])}")
    progress(f"{what}: done in {time.monotonic() - began:.0f} s")
