"""What every server of ours answers to its kubelet and to Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest


def add_probes(
    app: Flask,
    registry: CollectorRegistry,
    *,
    is_ready: Callable[[], bool],
    unready: str,
    is_alive: Callable[[], bool] = lambda: True,
    dead: str = "",
) -> None:
    """Add `/healthz`, `/readyz` and `/metrics`; `unready` and `dead` say what is missing while the answer is 503."""

    @app.get("/healthz")
    def healthz() -> tuple[Response, int]:
        return (jsonify(status="ok"), 200) if is_alive() else (jsonify(status=dead), 503)

    @app.get("/readyz")
    def readyz() -> tuple[Response, int]:
        return (jsonify(status="ready"), 200) if is_ready() else (jsonify(status=f"not ready: {unready}"), 503)

    @app.get("/metrics")
    def metrics_page() -> Response:
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
