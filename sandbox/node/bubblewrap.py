"""One container's process, in namespaces of its own (mounts, processes, users, host name) made by bubblewrap.

The user namespace maps the container's user to the one that runs the node, so a node that is not root can start
containers as any user, and a process never has more rights on the host than the node has. What this cannot show:
file modes of volumes are judged as for their owner. The network is the host's; a container binds to its pod's
address.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

ROOT_CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID")
_NS_GET_USERNS = 0xB701
START_SECONDS = 10.0
"""Within this time bubblewrap has said which process it started, or it has failed."""


@dataclass(frozen=True)
class Confinement:
    """Who and where the process is: what a container's security context and names decide."""

    hostname: str
    working_dir: str
    uid: int = 0
    gid: int = 0
    read_only_root: bool = False


def arguments(tree: Sequence[str], confinement: Confinement, info_fd: int, command: Sequence[str]) -> list[str]:
    """The command line that runs `command` as process 1 of a new container with this file tree."""
    line = ["bwrap", *tree, "--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/dev/shm"]  # noqa: S108
    if confinement.read_only_root:
        line += ["--remount-ro", "/"]
    line += ["--unshare-user", "--uid", str(confinement.uid), "--gid", str(confinement.gid), "--cap-drop", "ALL"]
    if confinement.uid == 0:
        for capability in ROOT_CAPABILITIES:
            line += ["--cap-add", f"CAP_{capability}"]
    line += ["--unshare-pid", "--as-pid-1", "--unshare-ipc", "--die-with-parent", "--new-session"]
    line += ["--unshare-uts", "--hostname", confinement.hostname[:63], "--chdir", confinement.working_dir]
    return [*line, "--info-fd", str(info_fd), "--", *command]


class Bubble:
    """A running container process. It dies with the thread that started it.

    For the few milliseconds in which bubblewrap sets it up that is not yet so; until then it is in the process group
    of the node, which whoever supervises the node kills as a whole.
    """

    def __init__(self, monitor: subprocess.Popen[bytes], pid: int | None) -> None:
        self._monitor = monitor
        self._monitor_fd = os.pidfd_open(monitor.pid)
        self.pid = pid
        """Process 1 of the container, as the host numbers it; None where it ended before it could be told."""
        self._pid_fd = _pidfd(pid)

    @classmethod
    def start(
        cls,
        tree: Sequence[str],
        confinement: Confinement,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
    ) -> Self:
        """Start the process with its output appended to `log`. Raises OSError where bubblewrap is missing.

        Whether the command itself exists shows only in the exit code and the log.
        """
        read_fd, write_fd = os.pipe()
        try:
            with log.open("ab") as output:
                monitor = subprocess.Popen(
                    arguments(tree, confinement, write_fd, command),
                    env=dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=(write_fd,),
                )
        except BaseException:
            os.close(read_fd)
            raise
        finally:
            os.close(write_fd)
        return cls(monitor, _child_pid(read_fd))

    @property
    def exit_fd(self) -> int:
        """A descriptor that becomes readable when the container has ended."""
        return self._monitor_fd

    @property
    def exit_code(self) -> int | None:
        """The exit code, 128 + n after signal n, None while it runs."""
        code = self._monitor.poll()
        return code if code is None or code >= 0 else 128 - code

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to process 1; nothing happens where it has ended."""
        try:
            if self._pid_fd is not None:
                signal.pidfd_send_signal(self._pid_fd, number)
            elif number == signal.SIGKILL:
                self._monitor.kill()
        except ProcessLookupError:
            pass

    def wait(self, seconds: float) -> bool:
        """Wait for the end. Returns whether it came within this time."""
        poller = select.poll()
        poller.register(self._monitor_fd, select.POLLIN)
        poller.poll(max(0.0, seconds) * 1000)
        return self._monitor.poll() is not None

    def run_inside(self, command: Sequence[str], environment: Mapping[str, str], seconds: float) -> tuple[int, str]:
        """Run a command in the container, as `kubectl exec` would. Returns its exit code and output.

        A command that takes longer is ended and counts as exit code 124, as with `timeout`.
        """
        if self.pid is None:
            return 126, "the container has ended"
        try:
            owner_fd = _owner_of_mounts(self.pid)
            try:
                running = subprocess.Popen(
                    [*_entering(self.pid, owner_fd), *command],
                    env=dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    pass_fds=(owner_fd,),
                )
            finally:
                os.close(owner_fd)
        except OSError as error:
            return 126, f"the container cannot be entered: {error}"
        with running:
            try:
                output, _ = running.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                _end_entered(running)
                return 124, f"no end within {seconds:g} s"
        return running.returncode, output.decode(errors="replace")

    def close(self) -> None:
        """Forget a process that has ended."""
        for fd in (self._monitor_fd, self._pid_fd):
            if fd is not None:
                os.close(fd)
        self._pid_fd = None


def _owner_of_mounts(pid: int) -> int:
    """A descriptor of the user namespace that owns a process' mounts (see ioctl_ns(2)).

    Where the container's user is not root, bubblewrap makes the mounts in one user namespace and then the process in
    another one below it, so the process' own does not do to enter the mounts.
    """
    mounts = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
    try:
        return fcntl.ioctl(mounts, _NS_GET_USERNS)
    finally:
        os.close(mounts)


def _entering(pid: int, owner_fd: int) -> list[str]:
    """The start of a command line that runs the rest of it beside this process."""
    line = ["nsenter", "--target", str(pid), f"--user=/proc/self/fd/{owner_fd}", "--preserve-credentials"]
    line += ["--mount", "--pid", "--wdns=/", "--"]
    if Path(f"/proc/{pid}/ns/user").stat().st_ino != os.fstat(owner_fd).st_ino:
        line += ["nsenter", "--target", "1", "--user", "--preserve-credentials", "--"]
    return line


def _end_entered(running: subprocess.Popen[bytes]) -> None:
    """End a command that was run inside, by way of nsenter, which then reaps it.

    An orphan would be left to the host's init, and the container could not end before that one has reaped it.
    """
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text(encoding="ascii").split()
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(child), signal.SIGKILL)
    try:
        running.wait(1.0 if children else 0.0)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)


def _child_pid(read_fd: int) -> int | None:
    with os.fdopen(read_fd, "rb") as pipe:
        text = b""
        while select.select([pipe], [], [], START_SECONDS)[0]:
            chunk = os.read(pipe.fileno(), 4096)
            text += chunk
            if not chunk or b"}" in chunk:
                break
    try:
        return int(json.loads(text)["child-pid"])
    except (ValueError, KeyError):
        return None


def _pidfd(pid: int | None) -> int | None:
    if pid is None:
        return None
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None
