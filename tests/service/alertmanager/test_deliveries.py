"""Real Alertmanager with the shipped configuration, its times divided by ten: what arrives, and when it comes again."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import urllib3
import yaml

from rules.durations import format_duration, parse_duration
from sandbox.debian import MonitoringBinaries
from sandbox.process import wait_until
from tests.service.alertmanager.running import alertmanager
from tests.service.alertmanager.test_configuration import COMPLETE

FASTER = 10
WITHIN_SECONDS = 60 / FASTER
"""A lost delivery comes again within a minute."""
DEADLINE_SECONDS = 30.0
TOKEN = "a-token-of-the-test"
LABELS = {"alertname": "ErrorBudgetBurn", "namespace": "shop", "deployment": "shop", "metricops": "undo"}


@dataclass
class Hook:
    """A webhook that notes each delivery with its time and its Authorization header."""

    url: str = ""
    deliveries: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)

    def of(self, **labels: str) -> list[tuple[float, str, dict[str, Any]]]:
        """The deliveries of one group."""
        return [entry for entry in self.deliveries if labels.items() <= entry[2]["groupLabels"].items()]


@contextmanager
def listening() -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hook.deliveries.append((time.monotonic(), self.headers.get("Authorization", ""), body))
            self.send_response(202)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hook.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()


def shipped_config(folder: Path, hook: Hook) -> str:
    """What is shipped, pointed at the hook, its times divided."""
    token = folder / "token"
    token.write_text(TOKEN)
    config = yaml.safe_load(COMPLETE.read_text())
    (route,) = (found for found in config["route"]["routes"] if found["receiver"] == "metricops")
    for name in ("group_wait", "group_interval", "repeat_interval"):
        route[name] = format_duration(parse_duration(route[name]) / FASTER)
    for receiver in config["receivers"]:
        for shipped in receiver.get("webhook_configs", []):
            shipped["url"] = f"{hook.url}/api/v1/alerts"
            shipped["http_config"]["authorization"]["credentials_file"] = str(token)
        if receiver["name"] == "people":
            receiver["webhook_configs"] = [{"url": f"{hook.url}/people"}]
    config["route"]["group_wait"] = "0s"
    return str(yaml.safe_dump(config))


def post(url: str, *alerts: dict[str, str], ends: datetime | None = None) -> float:
    """Send firing alerts as Prometheus does; with `ends`, resolved ones. Gives the time."""
    until = ends or datetime.now(UTC) + timedelta(minutes=5)
    body = [{"labels": labels, "endsAt": until.isoformat()} for labels in alerts]
    sent = time.monotonic()
    answer = urllib3.request("POST", f"{url}/api/v2/alerts", json=body, timeout=5.0, retries=False)
    assert answer.status == 200, answer.data
    return sent


def test_deliveries(monitoring: MonitoringBinaries, tmp_path: Path) -> None:
    other = {**LABELS, "deployment": "cart"}
    plain = {"alertname": "Watchdog", "namespace": "shop", "deployment": "shop"}
    with listening() as hook, alertmanager(monitoring, tmp_path, shipped_config(tmp_path, hook)) as url:
        sent = post(url, LABELS, other, plain)
        wait_until(lambda: len(hook.of(deployment="shop")) >= 3, DEADLINE_SECONDS, "three deliveries for shop")
        to_receiver = hook.of(deployment="shop")
        times = [sent, *(moment for moment, _, _ in to_receiver)]
        # At once, without waiting for a group; then again and again.
        assert times[1] - times[0] < 1.0
        assert max(after - before for before, after in itertools.pairwise(times[1:])) <= WITHIN_SECONDS

        for _, authorization, body in to_receiver:
            assert authorization == f"Bearer {TOKEN}"
            assert (body["version"], body["status"], body["truncatedAlerts"]) == ("4", "firing", 0)
            assert [alert["labels"] for alert in body["alerts"]] == [LABELS]
            assert body["groupLabels"] == {"namespace": "shop", "deployment": "shop"}
        assert [alert["labels"] for alert in hook.of(deployment="cart")[0][2]["alerts"]] == [other]

        # People hear of both, and of what doesn't concern MetricOps; the token is not for them.
        told = [entry for entry in hook.deliveries if entry[2]["receiver"] == "people"]
        assert all(authorization == "" for _, authorization, _ in told)
        names = {alert["labels"]["alertname"] for _, _, body in told for alert in body["alerts"]}
        assert names == {"ErrorBudgetBurn", "Watchdog"}
        assert {body["receiver"] for _, _, body in to_receiver} == {"metricops"}

        post(url, LABELS, ends=datetime.now(UTC))
        wait_until(
            lambda: any(body["status"] == "resolved" for _, _, body in hook.of(deployment="shop")),
            DEADLINE_SECONDS,
            "the resolved notice",
        )
