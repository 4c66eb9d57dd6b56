"""Child processes that never outlive their supervisor, and waiting on conditions."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sandbox.cache import Progress

LOG_TAIL_LINES = 15
PROGRESS_EVERY_SECONDS = 8.0
TIED_TO_US = ("setpriv", "--pdeathsig", "KILL", "--")
"""The kernel ends such a command when we end, however we end (setpriv is util-linux', always there)."""
PORTS = range(20000, 32000)
"""Below Linux' ephemeral ports, so that no outgoing connection takes one between the choice and the bind."""


class ProcessError(RuntimeError):
    """A process ended or was not ready in time; the message carries the end of its log."""


class ManagedProcess:
    """A process in a session of its own, logging to a file, that dies with its supervisor.

    The kernel ties it to the thread that starts it: start it from one that lives as long as the supervisor.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*TIED_TO_US, *(str(word) for word in command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if environment is None else {**os.environ, **environment},
                cwd=folder,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def wait_until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait for a condition. Raises `ProcessError` at the deadline, and at once when the process has ended."""

        def holds() -> bool:
            self.check(f"before {what}")
            return condition()

        try:
            wait_until(holds, seconds, f"{self.name}: {what}")
        except TimeoutError as error:
            raise ProcessError(f"{error}:\n{self.log_tail()}") from error

    def check(self, when: str = "by itself") -> None:
        """Raises `ProcessError` with the end of its log where it has ended."""
        if not self.is_running:
            raise ProcessError(f"{self.name} ended with {self._process.returncode} {when}:\n{self.log_tail()}")

    def log_tail(self, lines: int = LOG_TAIL_LINES) -> str:
        """The last lines of its log."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process itself, not to its children."""
        if self.is_running:
            self._process.send_signal(number)

    def stop(self, grace_seconds: float = 5.0) -> int:
        """SIGTERM, then SIGKILL to the whole group. Returns the exit code."""
        self.signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_seconds)
        self.kill()
        return self._process.returncode

    def kill(self) -> None:
        """SIGKILL to the process and all of its session's group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def wait_until(condition: Callable[[], bool], seconds: float, what: str, *, every: float = 0.05) -> None:
    """Poll a condition until it holds. Raises `TimeoutError` naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(every)


def run_with_progress(
    command: Sequence[str | Path],
    what: str,
    progress: Progress,
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    detail: Callable[[list[str]], str] = lambda _: "",
) -> None:
    """Run a command at low priority to its end, and say every few seconds how long it has taken.

    `detail` is given its output's lines so far, and says how far it is. Raises `ProcessError` with the last lines
    where it fails.
    """
    began = time.monotonic()
    lines: list[str] = []
    done = threading.Event()

    def tell() -> None:
        while not done.wait(PROGRESS_EVERY_SECONDS):
            progress(f"{what}: {time.monotonic() - began:.0f} s{detail(lines)}")

    teller = threading.Thread(target=tell, name=what, daemon=True)
    with subprocess.Popen(
        [*TIED_TO_US, "nice", *(str(word) for word in command)],
        cwd=folder,
        env=None if environment is None else {**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        teller.start()
        try:
            if process.stdout is not None:
                lines.extend(iter(process.stdout.readline, ""))
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            done.set()
    if process.returncode != 0:
        raise ProcessError(f"{what} failed with {process.returncode}:\n{''.join(lines[-LOG_TAIL_LINES:])}")


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on, kept for this process: no other process that asks here is given it.

    The reservation is a Unix socket in Linux' abstract namespace, which the kernel takes back when we end.
    """
    start = (os.getpid() * 7919 + time.monotonic_ns()) % len(PORTS)
    for offset in range(len(PORTS)):
        port = PORTS[(start + offset * 31) % len(PORTS)]
        reservation = socket.socket(socket.AF_UNIX)
        with socket.socket() as candidate:
            try:
                reservation.bind(f"\0metricops-port-{port}")
                candidate.bind((host, port))
            except OSError:
                reservation.close()
                continue
        _reservations.append(reservation)
        return port
    raise OSError(f"no free port on {host} in {PORTS}")


_reservations: list[socket.socket] = []
