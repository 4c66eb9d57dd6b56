"""The sandbox's sample app: a small shop that counts its requests the way the README's objectives expect.

    GET /, /checkout   a request that counts: 200, or 500 as the release has it
    GET /healthz       200 while the process serves (not counted)
    GET /metrics       Prometheus

`http_request_total{code,method}` and `http_request_duration_seconds{code,method}` are the metrics; the series of
codes 200 and 500 exist from the start, so that the first error of a new pod is an increase and not a new series.

What a release does stands in its `release.toml`: `version`, `error_share` (of requests answered 500),
`delay_seconds` (added to each), `crash` (a message to end with at the start).

Environment: POD_IP and PORT (8080) to bind; ERROR_SHARE and DELAY_SECONDS override the release. Where the file
/config/dependency says `down`, every release answers 500: something that no rollback can mend.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import threading
import time
import tomllib
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

RELEASE = Path(__file__).resolve().parent / "release.toml"
DEPENDENCY = Path("/config/dependency")
ENDING = (signal.SIGTERM, signal.SIGINT)
PAGES = ("/", "/checkout")


@dataclass(frozen=True)
class Release:
    """How this release behaves."""

    version: str
    error_share: float = 0.0
    delay_seconds: float = 0.0
    crash: str = ""


def read_release(path: Path) -> Release:
    """The release's behaviour, with what the environment overrides. Raises TypeError for an unknown key."""
    settings = tomllib.loads(path.read_text(encoding="utf-8"))
    for name in ("error_share", "delay_seconds"):
        if name.upper() in os.environ:
            settings[name] = float(os.environ[name.upper()])
    return Release(**settings)


class Shop:
    """What the shop answers, and its metrics."""

    def __init__(self, release: Release, dependency: Path = DEPENDENCY) -> None:
        self._release = release
        self._dependency = dependency
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter("http_request", "Requests answered.", ("code", "method"), registry=self.registry)
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "Seconds to answer a request.",
            ("code", "method"),
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
            registry=self.registry,
        )
        for code in (HTTPStatus.OK, HTTPStatus.INTERNAL_SERVER_ERROR):
            self._requests.labels(str(code.value), "GET")
            self._seconds.labels(str(code.value), "GET")

    def answer(self, path: str) -> tuple[HTTPStatus, str]:
        """Serve a page and count it."""
        began = time.perf_counter()
        status, text = self._page(path)
        labels = (str(status.value), "GET")
        self._seconds.labels(*labels).observe(time.perf_counter() - began)
        self._requests.labels(*labels).inc()
        return status, text

    def _page(self, path: str) -> tuple[HTTPStatus, str]:
        if self._release.delay_seconds:
            time.sleep(self._release.delay_seconds)
        if not self._dependency_is_up():
            return HTTPStatus.INTERNAL_SERVER_ERROR, "the payment service does not answer"
        if random.random() < self._release.error_share:  # noqa: S311
            return HTTPStatus.INTERNAL_SERVER_ERROR, "the basket is lost"
        return HTTPStatus.OK, f"shop {self._release.version} at {path}"

    def _dependency_is_up(self) -> bool:
        try:
            return self._dependency.read_text(encoding="utf-8").strip() != "down"
        except OSError:
            return True


def handler(shop: Shop) -> type[BaseHTTPRequestHandler]:
    """The request handler for this shop."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 60

        def do_GET(self) -> None:
            path = self.path.split("?", 1)[0]
            if path == "/metrics":
                self._send(HTTPStatus.OK, generate_latest(shop.registry), CONTENT_TYPE_LATEST)
            elif path == "/healthz":
                self._send(HTTPStatus.OK, b"ok\n")
            elif path in PAGES:
                status, text = shop.answer(path)
                self._send(status, f"{text}\n".encode())
            else:
                self._send(HTTPStatus.NOT_FOUND, b"not found\n")

        def _send(self, status: HTTPStatus, body: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a line per request would only fill the disk."""

    return Handler


class Server(ThreadingHTTPServer):
    """A server that does not wait for idle connections when it ends."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over clients that go away; tell of everything else."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def server_bind(self) -> None:
        """Bind without asking the resolver for the host's name, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


def main() -> int:
    """Serve until SIGTERM. Returns the exit code."""
    release = read_release(RELEASE)
    if release.crash:
        print(f"shop {release.version}: {release.crash}", file=sys.stderr)
        return 1
    address = (os.environ.get("POD_IP") or "0.0.0.0", int(os.environ.get("PORT", "8080")))  # noqa: S104
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    with Server(address, handler(Shop(release))) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        print(f"shop {release.version} serves on {address[0]}:{address[1]}")
        signal.sigwait(ENDING)
        server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
