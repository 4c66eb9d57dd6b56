"""What a container sees as its file system, as arguments for bubblewrap.

The root is an empty tmpfs. The host's system folders are bound into it read-only, so that Python and the shell
are there; the volumes are bound at their mount paths. A mount point that does not exist in a bound host folder
(`/etc/metricops`, say) is made by opening that folder: the folder is made anew in the tmpfs and its entries are
bound one by one. So nothing is written to the host, and no kernel feature beyond bind mounts is needed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

SYSTEM_FOLDERS = ("bin", "etc", "lib", "lib32", "lib64", "libx32", "nix", "opt", "sbin", "sys", "usr")
WORLD_WRITABLE = "/tmp"  # noqa: S108 (in the container)
MAX_LINKS = 16
"""A path that passes through more symbolic links than this is taken for a loop."""


class TreeError(Exception):
    """A mount path that cannot be made in the container."""


@dataclass(frozen=True)
class Mount:
    """A host file or folder that appears at `target` in the container."""

    target: str
    source: Path
    writable: bool = False


@dataclass
class _Link:
    target: str


@dataclass
class _Entry:
    """A folder of the container; with a source it is that host path, bound, and children lie on top of it."""

    source: Path | None = None
    writable: bool = False
    opened: bool = False
    """Made anew with the entries of a host folder."""
    children: dict[str, _Entry | _Link] = field(default_factory=dict)


def exposed_paths(checkout: Path) -> list[Path]:
    """The host paths that every container sees: system folders, the running Python, and the checkout.

    Home folders, `/run`, `/tmp` and `/var` stay out, and with them every kubeconfig: a container that reaches the
    API server does so with its own service account.
    """
    found = [Path("/", name) for name in SYSTEM_FOLDERS if os.path.lexists(f"/{name}")]
    for needed in (Path(sys.prefix), Path(sys.base_prefix), Path(sys.base_prefix).resolve(), checkout):
        if not any(needed.is_relative_to(path) for path in found):
            found.append(needed)
    return found


def plan(exposed: Iterable[Path], mounts: Iterable[Mount]) -> list[str]:
    """Bubblewrap's arguments for this tree, parents before children.

    `exposed` are absolute host paths bound read-only at the same path. Raises `TreeError` for a mount path that
    is not absolute, or that a file stands in the way of.
    """
    root = _Entry()
    for folder in ("var", "run", "tmp"):
        root.children[folder] = _Entry()
    _place(root, "/var/run", _Link("/run"))
    for path in exposed:
        is_link = path.is_symlink()
        _place(root, str(path), _Link(str(path.readlink())) if is_link else _Entry(source=path))
    for mount in sorted(mounts, key=lambda mount: PurePosixPath(mount.target).parts):
        _place(root, mount.target, _Entry(source=mount.source, writable=mount.writable))
    arguments = ["--tmpfs", "/"]
    _emit("", root, arguments)
    return arguments


def _place(root: _Entry, target: str, what: _Entry | _Link) -> None:
    parts = _parts(target)
    if not parts:
        raise TreeError(f"mount path {target!r}: the root itself cannot be a mount point")
    entry, links = root, 0
    done: list[str] = []
    while len(parts) > 1 or isinstance(entry.children.get(parts[0]), _Link):
        name = parts.pop(0)
        child = _descend(entry, name, target)
        if isinstance(child, _Link):
            links += 1
            if links > MAX_LINKS:
                raise TreeError(f"mount path {target!r}: too many symbolic links")
            parts = _parts(os.path.normpath(PurePosixPath("/", *done, child.target))) + parts
            entry, done = root, []
            continue
        entry = child
        done.append(name)
    name = parts[0]
    if entry.source is not None and not entry.writable and not os.path.lexists(entry.source / name):
        _open(entry, target)
    before = entry.children.get(name)
    if isinstance(what, _Entry) and what.writable and isinstance(before, _Entry) and before.source is None:
        what.children = before.children  # The checkout may lie below /tmp, and a volume may be mounted there.
    entry.children[name] = what


def _parts(target: str) -> list[str]:
    if not target.startswith("/") or "\0" in target:
        raise TreeError(f"mount path {target!r}: expected an absolute path")
    return [part for part in os.path.normpath(target).split("/") if part]


def _descend(entry: _Entry, name: str, target: str) -> _Entry | _Link:
    """The child of this name, made where it is missing; it keeps on showing what the host has there."""
    child = entry.children.get(name)
    if child is not None:
        return child
    made: _Entry | _Link = _Entry()
    if entry.source is not None:
        host = entry.source / name
        if host.is_symlink():
            made = _Link(str(host.readlink()))
        elif os.path.lexists(host):
            made = _Entry(source=host)
        elif not entry.writable:
            _open(entry, target)
    entry.children[name] = made
    return made


def _open(entry: _Entry, target: str) -> None:
    """Turn a bound host folder into one of the tmpfs with the same entries, so that it can get another one."""
    source = entry.source
    if source is None:
        return
    if not source.is_dir():
        raise TreeError(f"mount path {target!r}: {source} is a file, expected a folder")
    entry.source, entry.opened = None, True
    for host in sorted(source.iterdir()):
        if host.name not in entry.children:
            link = host.is_symlink()
            entry.children[host.name] = _Link(str(host.readlink())) if link else _Entry(source=host)


def _emit(path: str, entry: _Entry, arguments: list[str]) -> None:
    for name, child in sorted(entry.children.items()):
        at = f"{path}/{name}"
        if isinstance(child, _Link):
            arguments += ["--symlink", child.target, at]
            continue
        within_bound = entry.source is not None and child.opened
        if child.source is not None:
            arguments += ["--bind" if child.writable else "--ro-bind", str(child.source), at]
        elif within_bound:
            arguments += ["--tmpfs", at]
        elif entry.source is None or entry.writable:
            arguments += [*(["--perms", "1777"] if at == WORLD_WRITABLE else []), "--dir", at]
        _emit(at, child, arguments)
        if within_bound:
            arguments += ["--remount-ro", at]
