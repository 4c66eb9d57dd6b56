"""(d) Memory and start-up in a great cluster, and what an alert asks of it."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench.audit_trail import AUDIT_POLICY, AuditTrail, Call
from bench.cores import resident_bytes, tree
from bench.figures import Figure, Goal, median, percentile, shown
from bench.fill import REVISIONS, fill, name_of, namespace_of
from sandbox.cache import Progress
from sandbox.cluster import ControlPlane
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for
from sandbox.shipped import install, receiver_token, shipped_objects

WORKLOADS, QUICK_WORKLOADS = 10_000, 500
ALERTS = 100
UNDO_SECONDS = 60.0
MOST_MIB = 256.0
MOST_READY_SECONDS = 10.0
MIB = 1024 * 1024
SETTINGS = {"sweep_interval": "1h", "namespace_budget": "10000", "cluster_budget": "10000"}
"""Shipped defaults, but for what would come in between: sweeps, and an end to undos."""


def measure(progress: Progress, *, quick: bool) -> list[Figure]:
    """Fill a cluster, start a receiver in it, and send alerts about workloads all over it."""
    workloads = QUICK_WORKLOADS if quick else WORKLOADS
    with ControlPlane(progress=progress, scheduler=False, controllers=False, audit_policy=AUDIT_POLICY) as plane:
        api = plane.api()
        install(api, shipped_objects(), manager="bench")
        filled = fill(str(plane.kubeconfig), workloads, progress)
        trail = AuditTrail(plane.audit_log)
        kubeconfig = plane.write_kubeconfig(receiver_token(api), plane.folder / "receiver.kubeconfig")
        began = time.monotonic()
        receiver = ReceiverProcess(kubeconfig, plane.folder / "receiver", **SETTINGS)
        try:
            receiver.wait_until_ready()
            ready = time.monotonic() - began
            progress(f"ready after {ready:.2f} s; {ALERTS} alerts about {ALERTS} workloads")
            at_start = trail.new_calls()
            times, calls = _alerts(receiver, trail, workloads)
            memory = _memory(receiver)
        finally:
            receiver.process.stop()
    where = f"{workloads:,} workloads and {REVISIONS * workloads:,} ReplicaSets"
    whole = [call for call in calls if call.lists_cluster]
    return [
        Figure("d", f"memory with {where}", memory["VmHWM"] / MIB, "MiB", Goal(MOST_MIB), _told(memory), memory),
        Figure("d", "start to /readyz 200", ready, "s", Goal(MOST_READY_SECONDS), f"asks {_counted(at_start)}"),
        Figure(
            "d",
            f"lists of the whole cluster in {ALERTS} undos",
            len(whole),
            goal=Goal(0),
            note=f"asks {_counted(calls)}",
        ),
        Figure(
            "d",
            "answer to an alert, median",
            1000 * median(times),
            "ms",
            note=f"p99 {shown(1000 * percentile(times, 0.99))} ms, {where} written in {filled:.0f} s",
            details={"fillSeconds": filled},
        ),
    ]


def _alerts(receiver: ReceiverProcess, trail: AuditTrail, workloads: int) -> tuple[list[float], list[Call]]:
    """Deliver one alert after the other and wait for the undos; returns the answers' seconds, and what was asked."""
    numbers = range(0, workloads, workloads // ALERTS)
    times: list[float] = []
    for number in numbers:
        alert = alert_for(namespace_of(number), name_of(number))
        began = time.perf_counter()
        answer: dict[str, Any] = receiver.decide(alert)
        times.append(time.perf_counter() - began)
        if answer["verdict"] != "claimed":
            raise RuntimeError(f"{name_of(number)}: found {answer}, expected a claim")
    calls: list[Call] = []

    def undone() -> bool:
        calls.extend(trail.new_calls())
        return {call.name for call in calls if call.undoes} >= {name_of(number) for number in numbers}

    wait_until(undone, UNDO_SECONDS, f"{len(numbers)} undos are accepted")
    return times, calls


def _memory(receiver: ReceiverProcess) -> dict[str, Any]:
    """Bytes of all of its processes, now and at their greatest."""
    processes = tree(receiver.process.pid)
    found: dict[str, Any] = {field: resident_bytes(processes, field) for field in ("VmRSS", "VmHWM")}
    found["processes"] = len([pid for pid in processes if Path(f"/proc/{pid}").exists()])
    return found


def _told(memory: dict[str, Any]) -> str:
    now = shown(memory["VmRSS"] / MIB)
    return f"peak of {memory['processes']} processes, what they share counted for each; {now} MiB at the end"


def _counted(calls: list[Call]) -> str:
    return ", ".join(f"{n} × {call}" for call, n in Counter(map(str, calls)).most_common())
