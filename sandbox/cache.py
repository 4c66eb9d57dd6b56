"""The cache folder outside the checkout: what is built or fetched once, and the folders of running sandboxes."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Progress = Callable[[str], None]


def cache_folder() -> Path:
    """`METRICOPS_CACHE`, else `metricops` in the user's cache folder. Made where it is missing."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "metricops"
    folder = Path(os.environ.get("METRICOPS_CACHE") or default)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run_folder(prefix: str) -> Path:
    """A new folder for the files of one running sandbox."""
    parent = cache_folder() / "run"
    parent.mkdir(exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=parent))


def built_once(name: str, build: Callable[[Path], None], progress: Progress) -> Path:
    """The cache's entry `name`, made by `build(folder)` where it is missing.

    Two processes that ask at once make it once; an entry that exists is whole, because it appears by a rename.
    """
    entry = cache_folder() / name
    if entry.exists():
        return entry
    entry.parent.mkdir(parents=True, exist_ok=True)
    with _locked(
        entry.with_name(entry.name + ".lock"), lambda: progress(f"waiting for another process to make {name}")
    ):
        if entry.exists():
            return entry
        draft = Path(tempfile.mkdtemp(prefix=f".{entry.name}-", dir=entry.parent))
        try:
            build(draft)
            draft.chmod(0o755)
            draft.rename(entry)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return entry


@contextmanager
def _locked(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
