"""The receiver as a process, for its edge alone: it has no API server to talk to."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3
import yaml

from sandbox.process import ManagedProcess, free_port

TOKEN = "deliveries-need-this"
NOT_ASKED = {"alertname": "Watchdog", "namespace": "shop", "deployment": "shop"}
"""An alert that is decided without a look at the cluster."""


class Edge:
    """`metricops receiver serve` on a free port of loopback, by HTTPS where it has a certificate."""

    def __init__(self, folder: Path, **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.token_file = folder / "token"
        self.token_file.write_text(TOKEN)
        self.port = free_port()
        self.url = f"{'https' if 'tls_certificate_file' in settings else 'http'}://127.0.0.1:{self.port}"
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(nowhere()))
        given = {
            "listen": f"127.0.0.1:{self.port}",
            "kubeconfig": str(kubeconfig),
            "token_file": str(self.token_file),
            **settings,
        }
        environment = {f"METRICOPS_{name.upper()}": value for name, value in given.items()}
        command = [sys.executable, "-m", "cli.main", "receiver", "serve"]
        self.process = ManagedProcess("receiver", command, folder / "receiver.log", environment=environment)

    def log(self) -> str:
        """What it has logged."""
        return self.process.log.read_text(errors="replace")


class Client:
    """Somebody who calls the receiver, keeping one connection; `tls` are urllib3's options."""

    def __init__(self, edge: Edge, **tls: Any) -> None:
        self._url = edge.url
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(20.0), maxsize=1, **tls)

    def get(self, path: str) -> urllib3.BaseHTTPResponse:
        """GET a page."""
        return self._http.request("GET", self._url + path)

    def deliver(self, *, token: str = TOKEN, labels: dict[str, str] | None = None) -> urllib3.BaseHTTPResponse:
        """POST a delivery of one firing alert."""
        alert = {"status": "firing", "labels": labels or NOT_ASKED, "startsAt": "2026-03-01T12:00:00Z"}
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        body = json.dumps({"version": "4", "alerts": [alert]})
        return self._http.request("POST", f"{self._url}/api/v1/alerts", body=body, headers=headers)

    def connections(self) -> int:
        """How many connections it has needed so far."""
        pools = [self._http.pools.get(key) for key in self._http.pools.keys()]  # noqa: SIM118 - no mapping
        return sum(pool.num_connections for pool in pools if pool)

    def accepted(self) -> float:
        """How many deliveries the receiver has taken, by its own metrics."""
        name = 'metricops_deliveries_total{format="alertmanager",outcome="accepted"}'
        (line,) = (line for line in self.get("/metrics").data.decode().splitlines() if line.startswith(name))
        return float(line.removeprefix(name))


@contextmanager
def edge(folder: Path, client: dict[str, Any] | None = None, **settings: str) -> Iterator[Edge]:
    """Wait until /healthz answers a client with these TLS options."""
    running = Edge(folder, **settings)

    def answers() -> bool:
        try:
            return Client(running, **(client or {})).get("/healthz").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    try:
        running.process.wait_until(answers, 30, "/healthz answers")
        yield running
    finally:
        running.process.kill()  # It has nothing to finish, and would wait for the connections that are kept open.


def nowhere() -> dict[str, Any]:
    """A kubeconfig of an API server that does not answer."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "nowhere",
        "contexts": [{"name": "nowhere", "context": {"cluster": "nowhere", "user": "nobody"}}],
        "clusters": [{"name": "nowhere", "cluster": {"server": f"http://127.0.0.1:{free_port()}"}}],
        "users": [{"name": "nobody", "user": {"token": "none"}}],
    }
