"""Receivers that are killed at a step and come back, each behind a fault proxy of its own."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import urllib3

from receiver.cluster.watched import WATCH_SECONDS
from sandbox.faults import Fault, FaultProxy, Injection, Request
from sandbox.kubeconfig import with_token
from sandbox.receiver_process import ReceiverProcess
from tests.chaos.cells import SIGKILL, Matrix
from tests.chaos.steps import WATCH, Tracker

BETWEEN_KILLS_SECONDS = 3.0
GATHERING_SECONDS = 0.15
"""How long a kill waits for other requests of the same receiver: one SIGKILL meets them all at their steps."""
SETTINGS = {
    "api_timeout": "2s",
    "cooldown": "1ms",
    "recovery_deadline": "1s",
    "sweep_interval": "2s",
    "log_level": "warning",
    "threads": "16",
}


class ChaosProxy(FaultProxy):
    """A fault proxy that asks the matrix what goes wrong with a request."""

    def __init__(self, server: str, authority: str, tracker: Tracker) -> None:
        super().__init__(server, authority)
        self.tracker = tracker
        self.matrix: Matrix | None = None
        self.receiver: ChaosReceiver | None = None
        self.without_watches = False
        """Every watch fails: what is known by watching must be read."""
        self._where = threading.local()

    def due(self, request: Request) -> Injection | None:
        """The fault for this request, if its step has one left."""
        found = self.tracker.locate(request)
        self._where.namespace = found[0] if found else ""
        if found is None:
            return None
        namespace, step = found
        if self.without_watches and step.after == WATCH:
            return Injection(Fault.BROKEN, lambda _: True)
        self.tracker.note(step)
        receiver = self.receiver
        if self.matrix is None or receiver is None:
            return None
        if receiver.is_doomed:
            cell = self.matrix.joins_kill(step)
        elif step.is_shared:
            cell = self.matrix.due_for_all(step, may_kill=receiver.may_be_killed)
        else:
            cell = self.matrix.due(namespace, step, may_kill=receiver.may_be_killed)
        if cell is None:
            return None
        if cell.fault == SIGKILL:
            return Injection(Fault.RESET, lambda _: True, cell.after_effect, then=receiver.die)
        return Injection(Fault(cell.fault), lambda _: True, cell.after_effect)

    def _pass_on(self, request: Request, headers: dict[str, str]) -> urllib3.BaseHTTPResponse | None:
        """Watches are short here, so that there are enough of them to break."""
        path = request.path.replace(f"timeoutSeconds={WATCH_SECONDS}", "timeoutSeconds=2")
        return super()._pass_on(replace(request, path=path), headers)

    def passed(self, request: Request, status: int) -> None:
        """Follow what was accepted."""
        if status < 300 and request.verb != "GET" and self._where.namespace:
            self.tracker.accepted(self._where.namespace, request)


class ChaosReceiver:
    """One receiver. Its gunicorn worker is the receiver; gunicorn's master starts the next one, as a kubelet would."""

    def __init__(
        self, number: int, kubeconfig: Path, token: str, authority: str, tracker: Tracker, server: str
    ) -> None:
        folder = kubeconfig.parent / f"receiver-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        self.proxy = ChaosProxy(server, authority, tracker)
        self.proxy.__enter__()
        proxied = with_token(kubeconfig, token, folder / "kubeconfig", server=self.proxy.url)
        self.process = ReceiverProcess(proxied, folder, **SETTINGS)
        self.proxy.receiver = self
        self.kills = 0
        self._killed_at = 0.0
        self._lock = threading.Lock()
        self._death: threading.Event | None = None

    @property
    def may_be_killed(self) -> bool:
        """Not again before it has had the time to start."""
        return time.monotonic() - self._killed_at > BETWEEN_KILLS_SECONDS

    @property
    def is_doomed(self) -> bool:
        """Whether requests are being gathered for a kill."""
        return self._death is not None

    def die(self) -> None:
        """SIGKILL, at this very step, and at the steps of all who come meanwhile; returns when it is dead."""
        with self._lock:
            mine = self._death is None
            death = self._death = self._death or threading.Event()
        if not mine:
            death.wait(10 * GATHERING_SECONDS)
            return
        time.sleep(GATHERING_SECONDS)
        master = self.process.process.pid
        for child in Path(f"/proc/{master}/task/{master}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
        with self._lock:
            self.kills += 1
            self._killed_at = time.monotonic()
            self._death = None
        death.set()

    def stop(self) -> None:
        """End it and its proxy."""
        self.process.process.stop()
        self.proxy.__exit__(None, None, None)
