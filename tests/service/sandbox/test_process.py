from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.process import ManagedProcess, ProcessError, free_port, run_with_progress, wait_until

SECONDS = 10.0


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "process.log"


@pytest.fixture
def stubborn(log: Path) -> Iterator[ManagedProcess]:
    """A process that ignores SIGTERM, with a child."""
    process = ManagedProcess(
        "stubborn", ["bash", "-c", "trap '' TERM; sleep 613 & echo $!; while :; do wait; sleep 1; done"], log
    )
    process.wait_until(lambda: bool(process.log_tail()), SECONDS, "it has a child")
    yield process
    process.kill()


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_an_early_end_is_told_at_once_with_the_end_of_the_log(log: Path) -> None:
    process = ManagedProcess("etcd", ["bash", "-c", "echo address already in use; exit 3"], log)
    began = time.monotonic()
    with pytest.raises(ProcessError, match=r"etcd ended with 3 before it is ready:\naddress already in use"):
        process.wait_until(lambda: False, 60, "it is ready")
    assert time.monotonic() - began < SECONDS


def test_a_deadline_is_told_with_what_was_awaited(stubborn: ManagedProcess) -> None:
    with pytest.raises(ProcessError, match=r"not within 0\.1 s: stubborn: it is ready"):
        stubborn.wait_until(lambda: False, 0.1, "it is ready")


def test_a_process_that_ends_on_sigterm_is_not_killed(log: Path) -> None:
    process = ManagedProcess("polite", ["bash", "-c", "trap 'exit 7' TERM; echo up; while :; do sleep 0.02; done"], log)
    process.wait_until(lambda: process.log_tail() == "up", SECONDS, "it is up")
    assert process.stop() == 7


def test_stop_escalates_to_the_whole_group(stubborn: ManagedProcess) -> None:
    child = int(stubborn.log_tail())
    assert is_alive(child)
    assert stubborn.stop(grace_seconds=0.2) == -signal.SIGKILL
    wait_until(lambda: not is_alive(child), SECONDS, "its child is gone")


def test_stop_may_be_asked_of_a_process_that_has_ended(log: Path) -> None:
    process = ManagedProcess("short", ["true"], log)
    wait_until(lambda: not process.is_running, SECONDS, "it has ended")
    assert process.stop() == 0
    assert process.stop() == 0


def test_a_process_dies_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from sandbox.process import ManagedProcess\n"
        "print(ManagedProcess('child', ['sleep', '614'], Path(sys.argv[1])).pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "child.log"], stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        child = int(supervisor.stdout.readline())
        wait_until(lambda: "sleep" in Path(f"/proc/{child}/comm").read_text(), SECONDS, "the child runs")
        supervisor.kill()
    wait_until(lambda: not is_alive(child), SECONDS, "the child is gone")


def test_ports_are_not_given_twice() -> None:
    program = "from sandbox.process import free_port; print(*(free_port() for _ in range(30)), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        theirs = {int(port) for port in other.stdout.readline().split()}
        ours = {free_port() for _ in range(30)}
        other.kill()
    assert len(theirs) == len(ours) == 30
    assert not theirs & ours


def test_a_step_that_fails_shows_its_last_words() -> None:
    with pytest.raises(ProcessError, match=r"building failed with 2:\nno space left"):
        run_with_progress(["bash", "-c", "echo no space left >&2; exit 2"], "building", lambda _: None)


def test_a_long_step_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sandbox.process.PROGRESS_EVERY_SECONDS", 0.05)
    told: list[str] = []
    done = tmp_path / "done"
    program = f"echo one; until [ -e {done} ]; do sleep 0.02; done"

    def progress(text: str) -> None:
        told.append(text)
        if text.endswith("1 lines"):
            done.touch()

    run_with_progress(
        ["bash", "-c", program], "building", progress, detail=lambda lines: f", {len(lines)} lines", folder=tmp_path
    )
    assert told[-1].startswith("building: 0 s, ")


def test_an_interrupted_step_leaves_no_process(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    program = (
        "import signal; from sandbox.process import run_with_progress\n"
        # A shell that starts the tests in the background has it ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"run_with_progress(['bash', '-c', 'sleep 615 & echo $! > {pid_file}; wait'], 'building', print)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL) as supervisor:
        wait_until(lambda: pid_file.exists() and bool(pid_file.read_text()), SECONDS, "the step runs")
        os.kill(supervisor.pid, signal.SIGINT)
    wait_until(lambda: not is_alive(int(pid_file.read_text())), SECONDS, "its process is gone")
