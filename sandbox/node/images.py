"""Images: each is a folder of files with an `image.yaml` that says how to start them.

`shop:1.0` is `<images>/shop/1.0/`. A registry and a path before the name are tried first as folders and then left
out, so `registry.example/team/shop:1.0` is the same image; a folder `any` stands for every tag.

    layers: [../base]        # folders whose files lie under this one's; later ones win, the image's own last
    entrypoint: [python, /app/server.py]
    command: [--verbose]     # arguments, where the pod names none
    working_dir: /app
    user: 65532
    env: {NAME: value}

The files appear read-only at `/app`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.node.tree import Mount

FILES_AT = "/app"
DESCRIPTION = "image.yaml"
ANY_TAG = "any"
_KEYS = {"layers", "entrypoint", "command", "working_dir", "user", "env"}


class ImageNotFoundError(Exception):
    """No folder for this image name."""


class ImageError(Exception):
    """An image folder whose description cannot be used."""


@dataclass(frozen=True)
class Image:
    """An image that was found."""

    folder: Path
    layers: tuple[Path, ...]
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    working_dir: str
    user: int
    env: Mapping[str, str]

    @property
    def digest(self) -> str:
        """The hash of every file's path and content, as `sha256:…`."""
        found = hashlib.sha256()
        for layer in self.layers:
            for path in sorted(path for path in layer.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
                found.update(f"{path.relative_to(layer)}\0".encode() + path.read_bytes())
        return f"sha256:{found.hexdigest()}"

    def mounts(self) -> list[Mount]:
        """The image's files below `/app`: each layer's entries, later layers over earlier ones."""
        entries = {path.name: path for layer in self.layers for path in layer.iterdir() if path.name != "__pycache__"}
        return [Mount(f"{FILES_AT}/{name}", path) for name, path in sorted(entries.items())]

    def start_line(self, command: Sequence[str] | None, arguments: Sequence[str] | None) -> list[str]:
        """The command line for a container's `command` and `args`, which override as in Kubernetes."""
        if command:
            return [*command, *(arguments or ())]
        return [*self.entrypoint, *(arguments or self.command)]


def split_reference(reference: str) -> tuple[str, str]:
    """An image reference as repository and tag (`latest` where it names none); a digest is left out."""
    name = reference.split("@", 1)[0]
    head, colon, tag = name.rpartition(":")
    if colon and "/" not in tag:
        return head, tag
    return name, "latest"


def candidates(reference: str) -> list[str]:
    """The folders, relative to an images folder, that this reference can stand for; the first that exists counts."""
    repository, tag = split_reference(reference)
    names = dict.fromkeys((repository, repository.rsplit("/", 1)[-1]))
    return [f"{name}/{last}" for name in names for last in (tag, ANY_TAG)]


def find_image(reference: str, folders: Sequence[Path]) -> Image:
    """The image of this name. Raises `ImageNotFoundError` and `ImageError`."""
    for folder in folders:
        for candidate in candidates(reference):
            found = (folder / candidate).resolve()
            if found.is_relative_to(folder.resolve()) and (found / DESCRIPTION).is_file():
                return _read(found)
    tried = ", ".join(str(folder) for folder in folders)
    raise ImageNotFoundError(
        f"image {reference!r}: no folder with an {DESCRIPTION} among {', '.join(candidates(reference))} in {tried}"
    )


def _read(folder: Path) -> Image:
    path = folder / DESCRIPTION
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ImageError(f"{path}: {error}") from error
    found: dict[str, Any] = loaded if isinstance(loaded, dict) else {}
    if loaded is not None and not isinstance(loaded, dict):
        raise ImageError(f"{path}: found {type(loaded).__name__}, expected a mapping")
    if unknown := set(found) - _KEYS:
        raise ImageError(
            f"{path}: found {', '.join(map(str, sorted(unknown)))}, expected only {', '.join(sorted(_KEYS))}"
        )
    layers = [(folder / str(layer)).resolve() for layer in found.get("layers", [])]
    for layer in layers:
        if not layer.is_dir():
            raise ImageError(f"{path}: layers: {layer} is not a folder")
    return Image(
        folder=folder,
        layers=(*layers, folder),
        entrypoint=tuple(map(str, found.get("entrypoint", ()))),
        command=tuple(map(str, found.get("command", ()))),
        working_dir=str(found.get("working_dir", FILES_AT)),
        user=int(found.get("user", 0)),
        env={str(name): str(value) for name, value in (found.get("env") or {}).items()},
    )
