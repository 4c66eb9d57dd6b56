"""(a) Deliveries a second on one core: duplicates of settled rollbacks, beside the peers."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import urllib3

from bench import peers
from bench.cores import pin, tree, two_cores
from bench.figures import Figure, Goal, median, shown, spread
from bench.load import Load, Wrk
from bench.peers import Server
from bench.scene import Scene, delivery_of
from sandbox.receiver_process import TOKEN, ReceiverProcess

OURS = "MetricOps"
LEAST_OF_FLASK = 0.85
LEAST_OF_EMPTY = 1.7
LEAST_OF_KUBECTL = 50.0
SECONDS, QUICK_SECONDS = 4.0, 1.0
ROUNDS, QUICK_ROUNDS = 5, 2


def measure(scene: Scene, *, quick: bool) -> list[Figure]:
    """Settle some rollbacks, then send their alerts again and again to each server in turn."""
    alerts = scene.settled_alerts()
    unpacked = peers.packages(scene.progress)
    server_core, other_core = two_cores()
    wrk = Wrk(unpacked, other_core)
    with contextlib.ExitStack() as stack:
        receiver = stack.enter_context(scene.receiver())
        one = _body(scene.folder / "one.json", alerts[:1], receiver)
        many = _body(scene.folder / "many.json", alerts, receiver)
        flask = stack.enter_context(peers.bare_flask(scene.folder / "flask"))
        hooks = peers.webhook(scene.folder / "webhook", unpacked, scene.plane, scene.kubeconfig)
        empty, kubectl = stack.enter_context(hooks)
        ours = Server(OURS, f"{receiver.url}/api/v1/alerts", receiver.process)
        servers = [ours, flask, empty, kubectl]
        try:
            _pin_apart(scene, servers, server_core, other_core)
            single = _rounds(scene, wrk, servers, one, quick=quick)
            # A script runs once per delivery, whatever is in it: with kubectl there is nothing new to learn.
            hundred = _rounds(scene, wrk, servers[:3], many, quick=quick)
        finally:
            pin(tree(scene.own_pid), {server_core, other_core})
    return [*_figures("one alert each", single), *_figures(f"{len(alerts)} alerts each", hundred)]


def _pin_apart(scene: Scene, servers: list[Server], server_core: int, other_core: int) -> None:
    pin(tree(scene.own_pid), {other_core})
    for server in servers:
        pin(tree(server.process.pid), {server_core})


def _body(path: Path, alerts: list[dict[str, object]], receiver: ReceiverProcess) -> Path:
    """Write a delivery, after the receiver has said that all of it are duplicates."""
    delivery = delivery_of(alerts)
    path.write_text(json.dumps(delivery))
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
    answer = urllib3.request("POST", f"{receiver.url}/api/v1/alerts", body=path.read_bytes(), headers=headers)
    verdicts = {entry.get("verdict", entry.get("error")) for entry in answer.json()["alerts"]}
    if answer.status != 200 or verdicts != {"duplicate"}:
        raise RuntimeError(f"a settled rollback's alert: found {answer.status} {verdicts}, expected a duplicate")
    return path


def _rounds(scene: Scene, wrk: Wrk, servers: list[Server], body: Path, *, quick: bool) -> dict[str, list[Load]]:
    """Every server in each round, so that what else the machine does meets them all."""
    seconds, rounds = (QUICK_SECONDS, QUICK_ROUNDS) if quick else (SECONDS, ROUNDS)
    loads: dict[str, list[Load]] = {server.name: [] for server in servers}
    for server in servers:
        _run(wrk, server, body, 1.0)  # Warm.
    for number in range(rounds):
        for server in servers:
            loads[server.name].append(_run(wrk, server, body, seconds))
        told = ", ".join(f"{name} {shown(runs[-1].rate)}" for name, runs in loads.items())
        scene.progress(f"{body.stem}: round {number + 1} of {rounds}, deliveries a second: {told}")
    return loads


def _run(wrk: Wrk, server: Server, body: Path, seconds: float) -> Load:
    seconds = max(seconds, server.least_seconds)
    return wrk.run(server.url, body, seconds=seconds, connections=server.connections)


def _figures(what: str, loads: dict[str, list[Load]]) -> list[Figure]:
    ours = median([load.rate for load in loads[OURS]])
    figures = [
        Figure(
            "a",
            f"{name}, {what}",
            median([load.rate for load in runs]),
            "/s",
            note=f"{spread([load.rate for load in runs])} deliveries a second, "
            f"p99 {shown(1000 * median([load.p99 for load in runs]))} ms",
            details={"rates": [load.rate for load in runs], "p99": [load.p99 for load in runs]},
        )
        for name, runs in loads.items()
    ]
    goals = {"Flask + gunicorn": LEAST_OF_FLASK, "webhook, empty script": LEAST_OF_EMPTY}
    goals["webhook, kubectl get"] = LEAST_OF_KUBECTL
    for name, goal in goals.items():
        if name in loads:
            # By round, so that both were measured within the same seconds.
            ratios = [ours.rate / theirs.rate for ours, theirs in zip(loads[OURS], loads[name], strict=True)]
            figures.append(
                Figure(
                    "a",
                    f"{OURS} / {name}, {what}",
                    median(ratios),
                    "×",
                    Goal(goal, at_least=True),
                    note=f"{spread(ratios)} by round; {shown(ours)} deliveries a second",
                    details={"ratios": ratios},
                )
            )
    return figures
