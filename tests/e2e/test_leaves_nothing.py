"""Nothing is left running and nothing is left behind, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.process import wait_until

pytestmark = pytest.mark.timeout(180)


def processes_of(run: Path) -> list[str]:
    """The command lines of all processes that have to do with a cache folder's running sandboxes."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(run) in command:
                found.append(command)
    return found


def start_demo(cache: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "METRICOPS_CACHE": str(cache), "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox.demo"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache of the test's own, with what the machine's has built already."""
    from sandbox.binaries import control_plane_binaries
    from sandbox.cache import cache_folder
    from sandbox.debian import monitoring_binaries

    control_plane_binaries(progress=print)
    monitoring_binaries(progress=print)
    own = tmp_path / "cache"
    own.mkdir()
    for entry in cache_folder().iterdir():
        if entry.name.startswith(("controlplane-", "debian-")) and not entry.name.endswith(".lock"):
            (own / entry.name).symlink_to(entry.resolve())
    return own


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_demo_that_is_ended(cache: Path, number: signal.Signals) -> None:
    demo = start_demo(cache)
    assert demo.stdout is not None
    try:
        for line in demo.stdout:
            if "serves with three Pods" in line:
                break
        assert processes_of(cache / "run") != []
        demo.send_signal(number)
        code = demo.wait(60)
    finally:
        demo.kill()
        demo.stdout.close()
    wait_until(lambda: processes_of(cache / "run") == [], 30, f"no process is left: {processes_of(cache / 'run')}")
    if number is not signal.SIGKILL:
        assert code == 130
        assert list((cache / "run").iterdir()) == []
