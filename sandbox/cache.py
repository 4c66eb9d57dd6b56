"""The cache folder outside the checkout: what is built or fetched once, and the folders of running sandboxes."""

from __future__ import annotations

import fcntl
import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

Progress = Callable[[str], None]

OWNER = "owner.lock"
WAIT_TOLD_EVERY_SECONDS = 8.0
_owned: list[IO[str]] = []  # Open for as long as this process lives: the kernel lets go of the locks when it ends.


def cache_folder() -> Path:
    """`METRICOPS_CACHE`, else `metricops` in the user's cache folder. Made where it is missing."""
    default = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "metricops"
    folder = Path(os.environ.get("METRICOPS_CACHE") or default)
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


def run_folder(prefix: str) -> Path:
    """A new folder for the files of one running sandbox.

    Folders whose process has ended without removing them (a SIGKILL, say) are removed here.
    """
    parent = cache_folder() / "run"
    parent.mkdir(exist_ok=True)
    with _locked(cache_folder() / "run.lock"):
        for folder in parent.iterdir():
            if _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{prefix}-", dir=parent))
        owner = (folder / OWNER).open("w")
        fcntl.flock(owner, fcntl.LOCK_EX)
        _owned.append(owner)
    return folder


def built_once(name: str, build: Callable[[Path], None], progress: Progress) -> Path:
    """The cache's entry `name`, made by `build(folder)` where it is missing.

    Two processes that ask at once make it once; an entry that exists is whole, because it appears by a rename.
    """
    entry = cache_folder() / name
    if entry.exists():
        return entry
    lock = entry.with_name(entry.name + ".lock")
    with _locked(lock, lambda: progress(f"waiting for another process to make {name}")):
        if entry.exists():
            return entry
        prefix = f".{entry.name}-"
        for left_behind in entry.parent.glob(prefix + "*"):  # By a build that was killed: we hold its lock.
            shutil.rmtree(left_behind, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix=prefix, dir=entry.parent))
        try:
            build(draft)
            draft.chmod(0o755)
            draft.rename(entry)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return entry


@contextmanager
def _locked(path: Path, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    with path.open("w") as lock:
        told = -math.inf
        while not _is_taken(lock):
            if time.monotonic() - told >= WAIT_TOLD_EVERY_SECONDS:
                told = time.monotonic()
                on_wait()
            time.sleep(0.1)
        yield


def _is_taken(lock: IO[str]) -> bool:
    """Whether the lock is ours now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_abandoned(folder: Path) -> bool:
    try:
        with (folder / OWNER).open() as owner:
            return _is_taken(owner)
    except OSError:  # Without an owner's file it is somebody else's.
        return False
