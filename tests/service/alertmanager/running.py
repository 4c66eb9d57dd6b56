"""Real Alertmanagers, alone or as a mesh of two, with a configuration of the test's own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import urllib3

from sandbox.debian import MonitoringBinaries
from sandbox.process import ManagedProcess, free_port, wait_until

READY_SECONDS = 30.0
HTTP = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(5.0))

CONFIG = """
route:
  receiver: people
  routes:
    - receiver: metricops
      matchers: ['metricops="undo"']
      group_by: [namespace, deployment]
      group_wait: 0s
      group_interval: 1s
      repeat_interval: 1h
      continue: true
      mute_time_intervals: {mutes}
    - receiver: people
inhibit_rules:
  - source_matchers: [alertname="Maintenance"]
    target_matchers: [metricops="undo"]
    equal: [namespace]
time_intervals:
  - {{name: always, time_intervals: [{{months: ['1:12']}}]}}
  - {{name: never, time_intervals: [{{years: ['1999']}}]}}
receivers: [{{name: people}}, {{name: metricops}}]
"""


def config(mutes: str = "[]") -> str:
    """Our receiver's deliveries go nowhere: all of them are lost."""
    return CONFIG.format(mutes=mutes)


@dataclass(frozen=True, slots=True)
class Peer:
    """One of a mesh, under its name there."""

    name: str
    url: str
    process: ManagedProcess


@contextmanager
def alertmanager(binaries: MonitoringBinaries, folder: Path, text: str) -> Iterator[str]:
    """Gives its URL."""
    with _running(binaries, folder, text, ["--cluster.listen-address="]) as (url, _):
        yield url


@contextmanager
def _running(
    binaries: MonitoringBinaries, folder: Path, text: str, cluster: Sequence[str]
) -> Iterator[tuple[str, ManagedProcess]]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "alertmanager.yml").write_text(text)
    address = f"127.0.0.1:{free_port()}"
    process = ManagedProcess(
        "alertmanager",
        [
            *binaries.alertmanager_command(),
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address={address}",
            *cluster,
        ],
        folder / "alertmanager.log",
    )

    def answers() -> bool:
        try:
            return HTTP.request("GET", f"http://{address}/-/ready").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    try:
        process.wait_until(answers, READY_SECONDS, "/-/ready answers")
        yield f"http://{address}", process
    finally:
        process.stop()


@contextmanager
def mesh(binaries: MonitoringBinaries, folder: Path, text: str, *, peer_timeout: str) -> Iterator[list[Peer]]:
    """Two that know of each other and have settled, in the order in which they notify.

    The second waits `peer_timeout` for the first one's notification before it sends its own; with `0s` both send.
    """
    ports = [free_port(), free_port()]

    def flags(own: int, other: int) -> list[str]:
        return [
            f"--cluster.listen-address=127.0.0.1:{own}",
            f"--cluster.peer=127.0.0.1:{other}",
            f"--cluster.peer-timeout={peer_timeout}",
            "--cluster.gossip-interval=20ms",  # How soon it has settled depends on it as well.
        ]

    with ExitStack() as running:
        started = [
            running.enter_context(_running(binaries, folder / str(own), text, flags(own, other)))
            for own, other in (ports, reversed(ports))
        ]

        def settled() -> bool:
            seen = [_cluster(url) for url, _ in started]
            return all(found["status"] == "ready" and len(found["peers"]) == len(started) for found in seen)

        wait_until(settled, READY_SECONDS, "the mesh has two peers")
        # Alertmanager's place in the queue is that of its name among the members' sorted names.
        yield sorted(
            (Peer(_cluster(url)["name"], url, process) for url, process in started), key=lambda peer: peer.name
        )


def _cluster(url: str) -> dict[str, Any]:
    """What it says of its mesh: `{name, status, peers: [{name, address}]}`."""
    found: dict[str, Any] = json.loads(HTTP.request("GET", f"{url}/api/v2/status").data)["cluster"]
    return found


def fire(url: str, began: datetime | None = None, **labels: str) -> dict[str, str]:
    """Post a firing alert as Prometheus does. Returns its labels."""
    now = datetime.now(UTC)
    alert = {
        "labels": labels,
        "startsAt": (began or now).isoformat(),
        "endsAt": (now + timedelta(minutes=5)).isoformat(),
    }
    _post(url + "/api/v2/alerts", [alert])
    return labels


def silence(url: str, **labels: str) -> str:
    """Silence alerts with these labels. Returns the silence's id."""
    now = datetime.now(UTC)
    matchers = [{"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in labels.items()]
    body = {
        "matchers": matchers,
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "a-person",
        "comment": "hands off",
    }
    return str(_post(url + "/api/v2/silences", body)["silenceID"])


def expire(url: str, silence_id: str) -> None:
    """End a silence."""
    answer = HTTP.request("DELETE", f"{url}/api/v2/silence/{silence_id}")
    assert answer.status == 200, answer.data


def _post(url: str, body: Any) -> Any:
    answer = HTTP.request("POST", url, json=body)
    assert answer.status == 200, answer.data
    return json.loads(answer.data) if answer.data else None
