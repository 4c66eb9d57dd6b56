"""The folder that Prometheus reads rule files from: ours in it, and our copies of those that it took last."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path

from sync.files import PREFIX, Changes, kind_of_file

STATE = f".{PREFIX}"
"""A folder inside, out of reach of `*.yml`."""
TAKEN = "taken"
LOCK = "lock"


class FolderInUseError(Exception):
    """Another process syncs into this folder."""


class RuleFolder:
    """Files whose names are not ours are neither read nor written. Everything here raises `OSError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._taken = path / STATE / TAKEN
        self._lock: int | None = None

    def open(self) -> None:
        """Make what is missing, and keep other processes out until this one ends. Raises `FolderInUseError`."""
        self._taken.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.path / STATE / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise FolderInUseError(f"{self.path}: another `metricops rules sync` writes there") from error
        self._lock = lock
        for draft in (self.path / STATE).glob("*.draft"):
            draft.unlink()

    def close(self) -> None:
        """Let others in."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def present(self) -> dict[str, str]:
        """The files of ours that Prometheus sees, by name."""
        return _texts(self.path)

    def taken(self) -> dict[str, str]:
        """The files as Prometheus last took them, by name."""
        return _texts(self._taken)

    def apply(self, changes: Changes) -> None:
        """Write and remove files that Prometheus sees; each is there whole, or not at all."""
        self._apply(self.path, changes)

    def apply_taken(self, changes: Changes) -> None:
        """The same for the copies of what Prometheus has taken."""
        self._apply(self._taken, changes)

    def _apply(self, folder: Path, changes: Changes) -> None:
        for name, text in changes.writes.items():
            number, draft = tempfile.mkstemp(suffix=".draft", dir=self.path / STATE)
            with os.fdopen(number, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            path = Path(draft)
            path.chmod(0o644)  # Prometheus may run as another user.
            path.replace(folder / name)
        for name in changes.removals:
            (folder / name).unlink(missing_ok=True)


def _texts(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        if kind_of_file(path.name) is not None:
            # What is no file of text is none of our texts either, and so is written anew.
            found[path.name] = path.read_text("utf-8", "replace") if path.is_file() and not path.is_symlink() else ""
    return found
