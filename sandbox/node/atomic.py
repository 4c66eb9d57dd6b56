"""Folders whose files all change at once, by the swap of a symbolic link.

The layout is the kubelet's, which programs that watch their configuration rely on: the files are in a folder
`..<time>`, `..data` is a link to it, and each name a reader opens is a link through `..data`.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DATA_LINK = "..data"


@dataclass(frozen=True)
class Content:
    """A file's bytes and mode."""

    data: bytes
    mode: int = 0o644


def write_folder(folder: Path, files: Mapping[str, Content]) -> None:
    """Make these relative paths the folder's files. A reader sees all old or all new ones.

    Raises ValueError for a path that leads out of the folder.
    """
    for name in files:
        if not name or name.startswith(("/", "..")) or ".." in Path(name).parts:
            raise ValueError(f"{name!r}: expected a relative path without '..'")
    version = f"..{time.time_ns()}"
    fresh = folder / version
    fresh.mkdir(parents=True, mode=0o755)
    for name, content in files.items():
        path = fresh / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        path.write_bytes(content.data)
        path.chmod(content.mode)
    data = folder / DATA_LINK
    old = data.readlink() if data.is_symlink() else None
    swap = folder / "..data_tmp"
    swap.unlink(missing_ok=True)
    swap.symlink_to(version)
    swap.replace(data)
    tops = {Path(name).parts[0] for name in files}
    for top in tops:
        if not (folder / top).is_symlink():
            (folder / top).symlink_to(Path(DATA_LINK, top))
    for path in folder.iterdir():
        if not path.name.startswith("..") and path.name not in tops:
            path.unlink()
    if old is not None:
        shutil.rmtree(folder / old, ignore_errors=True)
