"""Pages of metrics for a Prometheus to scrape, above all the error ratio that the benchmarks' rules look at."""

from __future__ import annotations

import abc
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from sandbox.process import free_port

METRIC = "bench_error_ratio"


class _Server(ThreadingHTTPServer):
    daemon_threads = True


class PageServer(abc.ABC):
    """Serves one page of metrics at `target`. Use it as a context manager."""

    def __init__(self) -> None:
        self.target = f"127.0.0.1:{free_port()}"
        host, port = self.target.split(":")
        self._httpd = _Server((host, int(port)), self._handler())
        self._thread = threading.Thread(target=self._httpd.serve_forever, name="exporter", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._httpd.shutdown()
        self._httpd.server_close()

    @abc.abstractmethod
    def page(self) -> bytes:
        """What a scrape finds now."""

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = exporter.page()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: a line per scrape is no news."""

        return Handler


class Exporter(PageServer):
    """Serves `bench_error_ratio{namespace,deployment}`. Use it as a context manager."""

    def __init__(self, namespace: str) -> None:
        super().__init__()
        self._namespace = namespace
        self._ratios: dict[str, float] = {}

    def switch(self, workloads: Iterable[str], ratio: float) -> None:
        """What the next scrape finds for these workloads."""
        self._ratios = {**self._ratios, **dict.fromkeys(workloads, ratio)}

    def page(self) -> bytes:
        """A line per workload that was ever switched."""
        lines = [
            f'{METRIC}{{namespace="{self._namespace}",deployment="{name}"}} {ratio}'
            for name, ratio in self._ratios.items()
        ]
        return "\n".join([f"# TYPE {METRIC} gauge", *lines, ""]).encode()
