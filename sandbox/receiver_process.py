"""The receiver as a real process, with the shipped service account's token."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import urllib3

from sandbox.process import ManagedProcess, free_port

TOKEN = "deliveries-need-this"  # noqa: S105 - of receivers on loopback that live for a test
RELEASES_TOKEN = "releases-need-this"  # noqa: S105 - the same


class ReceiverProcess:
    """`metricops receiver serve` on a free port of loopback."""

    def __init__(self, kubeconfig: Path, folder: Path, **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._token = folder / "token"
        self._token.write_text(TOKEN)
        releases_token = folder / "releases-token"
        releases_token.write_text(RELEASES_TOKEN)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.authorization = {"Authorization": f"Bearer {TOKEN}"}
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(20.0), maxsize=32)
        environment = {
            "METRICOPS_LISTEN": f"127.0.0.1:{port}",
            "METRICOPS_KUBECONFIG": str(kubeconfig),
            "METRICOPS_TOKEN_FILE": str(self._token),
            "METRICOPS_RELEASES_TOKEN_FILE": str(releases_token),
            "METRICOPS_SWEEP_INTERVAL": "1s",
            # Many tests share one cluster, and so one budget.
            "METRICOPS_NAMESPACE_BUDGET": "100000",
            "METRICOPS_CLUSTER_BUDGET": "100000",
            **{f"METRICOPS_{key.upper()}": value for key, value in settings.items()},
        }
        command = [sys.executable, "-m", "cli.main", "receiver", "serve"]
        self.process = ManagedProcess("receiver", command, folder / "receiver.log", environment=environment)

    def wait_until_ready(self) -> None:
        """Raises `ProcessError` where it ends, or is not ready in time."""
        self.process.wait_until(self._is_ready, 30, "/readyz answers 200")

    def deliver(self, *alerts: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """POST a delivery. Returns the status and the decoded answer."""
        body = {"version": "4", "groupKey": "{}:{test}", "status": "firing", "truncatedAlerts": 0, "alerts": alerts}
        response = self._http.request(
            "POST",
            f"{self.url}/api/v1/alerts",
            body=json.dumps(body),
            headers={"Content-Type": "application/json", **self.authorization},
        )
        return response.status, json.loads(response.data)

    def decide(self, alert: dict[str, Any]) -> dict[str, Any]:
        """Deliver one alert, again while it is told to come again, as Alertmanager does; return the answer about it.

        Raises `RuntimeError` for an answer other than 200, `ProcessError` where it is told so for too long.
        """
        answers: list[tuple[int, dict[str, Any]]] = []

        def is_taken() -> bool:
            answers.append(self.deliver(alert))
            return answers[-1][0] != 503

        self.process.wait_until(is_taken, 30, "a delivery is taken")
        status, answer = answers[-1]
        if status != 200:
            raise RuntimeError(f"{status} {answer}")
        decided: dict[str, Any] = answer["alerts"][0]
        return decided

    def note(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """POST a release. Returns the status and the decoded answer."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {RELEASES_TOKEN}"}
        response = self._http.request(
            "POST", f"{self.url}/api/v1/releases", body=json.dumps(body), headers=headers, retries=False
        )
        return response.status, json.loads(response.data)

    def listed(self, what: str, **query: str) -> dict[str, Any]:
        """GET a page of releases, rollbacks or workloads. Raises `RuntimeError` for an answer other than 200."""
        response = self._http.request("GET", f"{self.url}/api/v1/{what}", fields=query)
        page: dict[str, Any] = json.loads(response.data)
        if response.status != 200:
            raise RuntimeError(f"{response.status} {page}")
        return page

    def metrics(self) -> str:
        """Its metrics page."""
        return self._http.request("GET", f"{self.url}/metrics").data.decode()

    def forbidden(self) -> list[str]:
        """What the API server refused for want of a right, in its words: `cannot list resource "replicasets" …`.

        A namespace that is being terminated answers 403 as well; that is no missing right.
        """
        return sorted(set(re.findall(r"cannot \w+ resource [^:}\n]*", self.log().replace('\\"', '"'))))

    def log(self) -> str:
        """Its log so far."""
        return self.process.log.read_text(errors="replace")

    def _is_ready(self) -> bool:
        try:
            return self._http.request("GET", f"{self.url}/readyz", timeout=2.0).status == 200
        except urllib3.exceptions.HTTPError:
            return False


def alert_for(
    namespace: str, workload: str, *, name: str = "ErrorBudgetBurn", kind: str = "Deployment", **changes: Any
) -> dict[str, Any]:
    """A firing alert about a workload that began this second."""
    labels = {"alertname": name, "namespace": namespace, kind.lower(): workload, "metricops": "undo"}
    return {
        "status": "firing",
        "labels": labels,
        "annotations": {},
        "startsAt": datetime.now(UTC).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": f"{name}-{namespace}-{workload}",
        **changes,
    }
