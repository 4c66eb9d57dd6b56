"""The real kube-score: built once from its Go module, and run over rendered manifests."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from sandbox.cache import Progress, built_once
from sandbox.toolchain import go_build

SOURCES = [Path(__file__).with_name("go.mod"), Path(__file__).with_name("go.sum")]
PACKAGE = "github.com/zegl/kube-score/cmd/kube-score"
NOT_ASKED = {
    "container-image-pull-policy": "a registry that is down must not keep the receiver down; tags are never moved",
    "deployment-has-host-podantiaffinity": "topology spread constraints do that, over zones as well",
}
"""Checks that are left out, and why. A limit of processor time is not asked for either: it would only slow an undo."""


def kube_score(progress: Progress) -> Path:
    """The program, out of the cache or built into it."""
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in SOURCES)).hexdigest()[:12]

    def build(draft: Path) -> None:
        arguments = ["-ldflags", "-s -w", "-o", str(draft / "kube-score"), PACKAGE]
        go_build(SOURCES, arguments, draft, what="building kube-score", takes="half a minute", progress=progress)

    return built_once(f"kube-score-{digest}", build, progress) / "kube-score"


def findings(program: Path, manifests: str, *, kubernetes: str) -> list[str]:
    """What it finds in these YAML documents: a line each, warnings too. `kubernetes`: the oldest version (`v1.34`)."""
    ignored = [argument for check in NOT_ASKED for argument in ("--ignore-test", check)]
    command = [str(program), "score", "-", "--output-format", "ci", "--kubernetes-version", kubernetes]
    answer = subprocess.run(
        [*command, "--ignore-container-cpu-limit", *ignored],
        input=manifests,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = answer.stdout.splitlines()
    if not lines or answer.stderr:
        raise RuntimeError(f"kube-score: {answer.stderr or 'it said nothing'}")
    return [line for line in lines if not line.startswith(("[OK]", "[SKIPPED]"))]
