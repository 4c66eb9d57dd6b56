"""Rules in annotations of workloads: the talk's rule raises an alert that blames its workload, and goes with it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from receiver.cluster.api import Api, JsonObject
from rules.names import RULE_ANNOTATION
from tests.service.sync.conftest import HTTP, Cluster, Server, Start, eventually

TALK = 'rate(http_request_total{code=~"^5.*$"}[5m]) > 0'


class FailingApp(BaseHTTPRequestHandler):
    """Counts a failure at each scrape."""

    def do_GET(self) -> None:
        self.server.failures += 1  # type: ignore[attr-defined]
        text = f'http_request_total{{code="500"}} {self.server.failures}\n'.encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def app() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), FailingApp)
    server.failures = 0  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()


def deploy(api: Api, namespace: str, rule: str | None, name: str = "web") -> JsonObject:
    labels = {"app": name}
    item = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "labels": {"run": namespace},
            "annotations": {} if rule is None else {RULE_ANNOTATION: rule},
        },
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a"}]}},
        },
    }
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
    return api.apply(path, item, field_manager="tests")


def alerts(prometheus: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = HTTP.request("GET", f"{prometheus.url}/api/v1/alerts").json()["data"]["alerts"]
    return [alert["labels"] for alert in found if alert["state"] == "firing"]


def test_the_talks_rule(api: Api, cluster: Cluster, namespace: str, prometheus: Server, start: Start, app: str) -> None:
    # Two workloads expose the metric; one series also names a workload of another kind.
    targets = [
        {"targets": [app], "labels": {"namespace": namespace, "deployment": name, "statefulset": "db", "pod": name}}
        for name in ("web", "other")
    ]
    job = {"job_name": "app", "static_configs": targets}
    more: dict[str, Any] = {"global": {"scrape_interval": "250ms", "evaluation_interval": "250ms"}}
    prometheus.configure(scrape_configs=[job], **more)
    start("--annotations")
    deploy(api, namespace, TALK)
    confined = f'rate(http_request_total{{code=~"^5.*$",deployment="web",namespace="{namespace}"}}[5m]) > 0'
    eventually(lambda: any("http_request_total" in one for one in prometheus.expressions()), "the rule is loaded")
    (loaded,) = prometheus.expressions()
    assert sorted(loaded) == sorted(confined)
    eventually(lambda: bool(alerts(prometheus)), "the alert fires")
    (labels,) = alerts(prometheus)
    assert labels == {
        "alertname": "DeployerRule",
        "code": "500",
        "deployment": "web",
        "instance": app,
        "job": "app",
        "metricops": "undo",
        "namespace": namespace,
        "pod": "web",
        "service": "web",
        "severity": "page",
        "slo": "rule",
    }

    # What is wrong is told on the workload, and the last good rule stays.
    deploy(api, namespace, 'rate(http_request_total{namespace="other"}[5m]) > 0')
    eventually(lambda: bool(cluster.events("web")), "the refusal is told")
    (event,) = cluster.events("web")
    assert event["regarding"]["kind"] == "Deployment"
    assert event["note"].endswith("; its earlier rules stay in force")
    assert prometheus.expressions() == {loaded}

    deploy(api, namespace, None)
    eventually(lambda: prometheus.expressions() == set(), "the rule goes with the annotation")
