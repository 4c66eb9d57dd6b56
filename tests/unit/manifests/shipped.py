"""All Kubernetes objects below manifests/, with the files that they stand in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

MANIFESTS = Path(__file__).parents[3] / "manifests"
NO_OBJECTS = ("kustomization.yaml",)


def shipped() -> list[tuple[str, dict[str, Any]]]:
    """File (`base/rbac.yaml`) and object, of each document."""
    return [
        (file.relative_to(MANIFESTS).as_posix(), item)
        for file in sorted(MANIFESTS.rglob("*.yaml"))
        if file.name not in NO_OBJECTS
        for item in yaml.safe_load_all(file.read_text())
        if item and "kind" in item
    ]


def of_kind(*kinds: str) -> list[tuple[str, dict[str, Any]]]:
    """Those of these kinds."""
    return [(file, item) for file, item in shipped() if item["kind"] in kinds]


def templates() -> list[tuple[str, dict[str, Any]]]:
    """The Pod templates, each with its file."""
    owners = of_kind("Deployment", "StatefulSet", "DaemonSet", "Job")
    return [(file, item["spec"]["template"]) for file, item in owners]
