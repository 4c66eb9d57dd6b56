"""(c) What an undo asks of the API server and of Prometheus, and what a duplicate does."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.audit_trail import Call
from bench.figures import Figure, Goal
from bench.scene import NAMESPACE, Scene, alert_of
from sandbox.faults import FaultProxy, Request
from sandbox.kubeconfig import certificate_authority
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for

MOST_KUBERNETES = 6
MOST_PROMETHEUS = 2
SAMPLES, QUICK_SAMPLES = 3, 1
DUPLICATES = 20
UNDO_SECONDS = 60.0


class CountingProxy(FaultProxy):
    """Prometheus behind a proxy that writes down when it was asked what."""

    def __init__(self, server: str, authority: str) -> None:
        super().__init__(server, authority)
        self._seen: list[tuple[datetime, str]] = []
        self._writing = threading.Lock()

    def passed(self, request: Request, status: int) -> None:
        """Called once Prometheus has answered."""
        with self._writing:
            self._seen.append((datetime.now(UTC), f"{request.verb} {request.path.partition('?')[0]}"))

    def between(self, start: datetime, end: datetime) -> list[str]:
        """What was asked in that time."""
        return [what for at, what in self._seen if start <= at <= end]


@dataclass(frozen=True, slots=True)
class UndoTrace:
    """The requests from a delivery to the accepted undo, that one included."""

    kubernetes: tuple[str, ...]
    prometheus: tuple[str, ...]


def measure(scene: Scene, *, quick: bool) -> list[Figure]:
    """Some undos, one after the other, and duplicates of the last one."""
    count = QUICK_SAMPLES if quick else SAMPLES
    plain = [f"plain-{number}" for number in range(count)]
    mounting = [f"mounting-{number}" for number in range(count)]
    scene.add_workloads(plain, mounts=False)
    scene.add_workloads(mounting)
    authority = str(certificate_authority(scene.plane.kubeconfig, scene.folder))
    traces: dict[str, UndoTrace] = {}
    with (
        CountingProxy(scene.monitoring.prometheus_url, authority) as proxy,
        # What the receiver looks at every so often is not what an alert costs.
        scene.receiver(prometheus_url=proxy.url, sweep_interval="1h") as receiver,
    ):
        settled: dict[str, Any] = {}
        for workload in (*plain, *mounting):
            scene.progress(f"counting the requests of an undo: {workload}")
            traces[workload] = _trace(scene, proxy, receiver, workload)
            settled = scene.wait_until_settled([workload])[workload]
        duplicates = _duplicates(scene, receiver, settled)
    asked = max((trace.prometheus for trace in traces.values()), key=len)
    return [
        _kubernetes("requests to Kubernetes, delivery to accepted undo", [traces[name] for name in plain]),
        _kubernetes("the same, of a workload with a ConfigMap", [traces[name] for name in mounting]),
        Figure(
            "c",
            "requests to Prometheus, delivery to accepted undo",
            len(asked),
            goal=Goal(MOST_PROMETHEUS),
            note=", ".join(asked) or "none",
        ),
        Figure(
            "c",
            "requests to Kubernetes per duplicate of a settled rollback",
            len(duplicates) / DUPLICATES,
            goal=Goal(0),
            note=", ".join(f"{n} × {call}" for call, n in Counter(map(str, duplicates)).items()) or "none",
        ),
    ]


def _kubernetes(what: str, traces: Sequence[UndoTrace]) -> Figure:
    """The most that one of these undos asked."""
    most = max((trace.kubernetes for trace in traces), key=len)
    details = {"undos": [trace.kubernetes for trace in traces]}
    return Figure("c", what, len(most), goal=Goal(MOST_KUBERNETES), note=", ".join(most), details=details)


def _trace(scene: Scene, proxy: CountingProxy, receiver: ReceiverProcess, workload: str) -> UndoTrace:
    scene.trail.new_calls()
    began = datetime.now(UTC)
    seen: list[Call] = []

    def undo() -> Call | None:
        seen.extend(scene.trail.new_calls())
        return next((call for call in seen if call.undoes and call.name == workload), None)

    scene.exporter.switch([workload], 1.0)
    scene.wait_for_undo(lambda: undo() is not None, receiver, workload, UNDO_SECONDS)
    accepted = undo()
    scene.exporter.switch([workload], 0.0)
    if accepted is None:
        raise RuntimeError(f"{workload}: the accepted undo has gone from the audit log")
    before = [call for call in seen if began <= call.received <= accepted.received and call.verb != "watch"]
    return UndoTrace(tuple(map(str, before)), tuple(proxy.between(began, accepted.received)))


def _duplicates(scene: Scene, receiver: ReceiverProcess, settled: dict[str, Any]) -> list[Call]:
    """The requests of so many duplicates, one after the other."""
    alert = alert_of(settled)
    marker = "nowhere"
    time.sleep(timedelta(seconds=2).total_seconds())
    scene.trail.new_calls()
    for _ in range(DUPLICATES):
        verdict = receiver.decide(alert)["verdict"]
        if verdict != "duplicate":
            raise RuntimeError(f"a settled rollback's alert: found {verdict}, expected duplicate")
    # What is asked for a workload that does not exist is the sign that everything before it is in the log.
    receiver.decide(alert_for(NAMESPACE, marker))
    seen: list[Call] = []

    def marked() -> bool:
        seen.extend(scene.trail.new_calls())
        return any(call.name == marker for call in seen)

    wait_until(marked, UNDO_SECONDS, "the marker is in the audit log")
    return [call for call in seen if call.name != marker and call.verb != "watch"]
