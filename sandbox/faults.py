"""A proxy in front of a real API server, for the faults that a real one does not show on demand.

It speaks plain HTTP to the client under test and passes everything on, credentials included, except where a fault
says otherwise. It decides nothing about what is right: the API server and its audit log do.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import urllib3

HOP_HEADERS = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host", "accept-encoding"})
HOLD_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the proxy sees it: the verb in capitals, the path with its query, the body."""

    verb: str
    path: str
    body: bytes


Matches = Callable[[Request], bool]


class Hold:
    """A place where matching requests are kept before they reach the API server."""

    def __init__(self, matches: Matches) -> None:
        self.matches = matches
        self.reached = threading.Event()
        self.released = threading.Event()
        self.delays_only = False
        """Whether what was kept reaches the API server after the release; else its connection is closed."""

    def release(self) -> None:
        """Let what is kept, and everything after it, pass."""
        self.released.set()


class FaultProxy:
    """Use it as a context manager; `url` is what a kubeconfig names as its server."""

    def __init__(self, server: str, certificate_authority: str) -> None:
        self._server = server.rstrip("/")
        self._pool = urllib3.PoolManager(ca_certs=certificate_authority, retries=False, maxsize=32)
        self._holds: list[Hold] = []
        self._httpd = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._httpd.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._httpd.server_address[1]}"
        self._thread = threading.Thread(target=self._httpd.serve_forever, name="fault-proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for hold in self._holds:
            hold.release()
        self._httpd.shutdown()
        self._httpd.server_close()

    def hold(self, matches: Matches) -> Hold:
        """Keep matching requests from now on, until the hold is released."""
        hold = Hold(matches)
        self._holds.append(hold)
        return hold

    def _pass_on(self, request: Request, headers: dict[str, str]) -> urllib3.BaseHTTPResponse | None:
        for hold in self._holds:
            if hold.matches(request) and not hold.released.is_set():
                hold.reached.set()
                hold.released.wait(HOLD_SECONDS)
                if not hold.delays_only:
                    return None
        return self._pool.request(
            request.verb, self._server + request.path, body=request.body or None, headers=headers, timeout=60.0
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                request = Request(self.command, self.path, self.rfile.read(length))
                headers = {key: value for key, value in self.headers.items() if key.lower() not in HOP_HEADERS}
                response = proxy._pass_on(request, headers)
                if response is None:
                    self.close_connection = True
                    return
                self.send_response(response.status)
                for key, value in response.headers.items():
                    if key.lower() not in HOP_HEADERS:
                        self.send_header(key, value)
                self.send_header("Content-Length", str(len(response.data)))
                self.end_headers()
                self.wfile.write(response.data)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server's names

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the API server's audit log tells what arrived."""

        return Handler
