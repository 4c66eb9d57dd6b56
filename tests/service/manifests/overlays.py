"""Every folder of manifests/ that kustomize reads, found: a new one is tested without being named here."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from receiver.cluster.api import JsonObject
from receiver.names import DEFAULT_NAMESPACE

ROOT = Path(__file__).parents[3]
MANIFESTS = ROOT / "manifests"
OTHER_CRDS = ROOT.parent / "shared/crds"
POD_OWNERS = ("Deployment", "StatefulSet", "DaemonSet", "Job")


class _Loader(yaml.CSafeLoader):
    """The safe loader without YAML 1.1's `=` type, which would read the `=` of an enum as something else."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:value"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Overlay:
    """What a person applies with `kubectl apply -k`."""

    name: str
    folder: Path

    def render(self, kubectl: Path) -> str:
        """The YAML documents. Raises `CalledProcessError` where kustomize refuses."""
        command = [str(kubectl), "kustomize", str(self.folder)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def overlays() -> list[Overlay]:
    """The folders that are applied as they are; `base` first, since it has the namespace."""
    found = [Overlay(_name(folder), folder) for folder, kind in _folders() if kind == "Kustomization"]
    return sorted(found, key=lambda overlay: (overlay.name != "base", overlay.name))


def components() -> list[Overlay]:
    """The folders that change what others have."""
    return [Overlay(_name(folder), folder) for folder, kind in _folders() if kind == "Component"]


def with_components(folder: Path, components: Sequence[Overlay], *resources: str) -> Overlay:
    """An overlay of a person's own in `folder`: these resources (`base`) of manifests/, and components."""
    folder.mkdir(parents=True)

    def relative(target: Path) -> str:
        return os.path.relpath(target, folder.resolve())

    content = {
        "resources": [relative(MANIFESTS / name) for name in resources],
        "components": [relative(component.folder) for component in components],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(content))
    return Overlay("+".join([*resources, *(component.name for component in components)]), folder)


def documents(text: str) -> list[JsonObject]:
    """The objects of rendered manifests, or of any YAML file of Kubernetes'."""
    return [item for item in yaml.load_all(text, _Loader) if item]


def pods(objects: list[JsonObject]) -> list[JsonObject]:
    """A Pod for each Pod template, as its controller would create it."""
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                **item["spec"]["template"]["metadata"],
                "name": item["metadata"]["name"],
                "namespace": item["metadata"].get("namespace", DEFAULT_NAMESPACE),
            },
            "spec": item["spec"]["template"]["spec"],
        }
        for item in objects
        if item["kind"] in POD_OWNERS
    ]


def foreign_crds(objects: list[JsonObject]) -> list[Path] | None:
    """The files with the other projects' CRDs that these objects need; None where one is not there."""
    shipped = {item["spec"]["group"] for item in documents((MANIFESTS / "base/crd.yaml").read_text())}
    groups = {item["apiVersion"].partition("/")[0] for item in objects if "." in item["apiVersion"]}
    foreign = {group for group in groups if not group.endswith(".k8s.io")} - shipped
    kinds = {(item["apiVersion"].partition("/")[0], item["kind"].lower()) for item in objects}
    files = [OTHER_CRDS / f"{group}_{kind}s.yaml" for group, kind in sorted(kinds) if group in foreign]
    return files if all(file.is_file() for file in files) else None


def _folders() -> list[tuple[Path, str]]:
    return [(file.parent, _kind(file)) for file in sorted(MANIFESTS.rglob("kustomization.yaml"))]


def _kind(file: Path) -> str:
    return str(yaml.safe_load(file.read_text())["kind"])


def _name(folder: Path) -> str:
    return folder.relative_to(MANIFESTS).as_posix()
