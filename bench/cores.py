"""Processes on cores: what is measured on one, everything else on another."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def two_cores() -> tuple[int, int]:
    """One for the server under test, one for the rest. Raises `RuntimeError` where there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise RuntimeError(f"cores: found {len(cores)}, expected at least 2")
    return cores[0], cores[1]


def tree(pid: int) -> set[int]:
    """A process and all of its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # It has ended meanwhile.
                # The name, in parentheses, may itself have spaces: what counts comes after the last parenthesis.
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, pending = {pid}, [pid]
    while pending:
        new = [child for child in children.get(pending.pop(), []) if child not in found]
        found.update(new)
        pending.extend(new)
    return found


def pin(pids: set[int], cores: set[int]) -> None:
    """Let all threads of these processes, and those that they start, run on these cores alone."""
    for pid in pids:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                with contextlib.suppress(OSError):
                    os.sched_setaffinity(int(task.name), cores)


def resident_bytes(pids: set[int], field: str = "VmRSS") -> int:
    """Their resident memory (`VmRSS`, or its peak `VmHWM`) added up: what they share counts for each of them."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith(field + ":"):
                    total += int(line.split()[1]) * 1024
    return total
