"""Load from Debian's wrk: one thread, some connections, the same delivery again and again."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sandbox.process import TIED_TO_US
from sandbox.receiver_process import TOKEN

SCRIPT = Path(__file__).parent / "post.lua"
LONGER = 8
ANSWER_SECONDS = 30
"""After which wrk counts a request as failed."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run saw: answers a second, and latencies in seconds."""

    rate: float
    median: float
    p99: float


class Wrk:
    """wrk on one core, from an unpacked Debian package."""

    def __init__(self, packages: Path, core: int) -> None:
        self._program = packages / "usr/bin/wrk"
        library = next((packages / "usr/lib").rglob("libluajit-5.1.so.2"), None)
        if library is None:
            raise FileNotFoundError(f"{packages}/usr/lib: found no libluajit-5.1.so.2, which wrk needs")
        self._libraries = library.parent
        self._core = core

    def run(self, url: str, body: Path, *, seconds: float, connections: int) -> Load:
        """Send for so long; longer where that was too short for a single answer.

        Raises `RuntimeError` where an answer was missing or was no 2xx.
        """
        for duration in (seconds, seconds * LONGER):
            seen = self._seen(url, body, max(1, round(duration)), connections)
            if seen["requests"]:
                break
        if seen["failed"] or seen["status"] or not seen["requests"]:
            raise RuntimeError(
                f"wrk {url}: {seen['requests']} requests, {seen['failed']} without an answer, {seen['status']} not 2xx"
            )
        return Load(seen["requests"] / (seen["microseconds"] / 1e6), seen["p50"] / 1e6, seen["p99"] / 1e6)

    def _seen(self, url: str, body: Path, seconds: int, connections: int) -> dict[str, int]:
        command = [*TIED_TO_US, "taskset", "-c", str(self._core), str(self._program), "-t1", f"-c{connections}"]
        command += [f"-d{seconds}s", f"--timeout={ANSWER_SECONDS}s", f"--script={SCRIPT}", url]
        environment = {
            **os.environ,
            "LD_LIBRARY_PATH": str(self._libraries),
            "BENCH_BODY": str(body),
            "BENCH_TOKEN": TOKEN,
        }
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        lines = done.stdout.strip().splitlines()
        if done.returncode != 0 or not lines or not lines[-1].startswith("{"):
            raise RuntimeError(f"wrk {url}: ended with {done.returncode}: {(done.stderr + done.stdout)[-500:]}")
        seen: dict[str, int] = json.loads(lines[-1])
        return seen
