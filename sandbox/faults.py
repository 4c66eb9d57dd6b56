"""A proxy in front of a real API server, for the faults that a real one does not show on demand.

It speaks plain HTTP to the client under test and passes everything on, credentials included, except where a fault
says otherwise. It decides nothing about what is right: the API server and its audit log do.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import urllib3

HOP_HEADERS = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host", "accept-encoding"})
HOLD_SECONDS = 60.0
NO_ANSWER_SECONDS = 30.0
SLOW_SECONDS = 0.5
WATCH_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the proxy sees it: the verb in capitals, the path with its query, the body."""

    verb: str
    path: str
    body: bytes

    @property
    def is_watch(self) -> bool:
        """Whether the answer goes on for as long as there are changes."""
        return self.verb == "GET" and "watch=true" in self.path


Matches = Callable[[Request], bool]


class Fault(StrEnum):
    """What can go wrong with one request."""

    CONFLICT = "409"
    UNPROCESSABLE = "422"
    THROTTLED = "429"
    BROKEN = "500"
    NO_ANSWER = "time-out"
    RESET = "reset"
    SLOW = "slow"


REFUSALS = {
    Fault.CONFLICT: ("Conflict", "the object has been modified; please apply your changes to the latest version"),
    Fault.UNPROCESSABLE: ("Invalid", "the server rejected our request due to an error in our request"),
    Fault.THROTTLED: ("TooManyRequests", "the server has received too many requests"),
    Fault.BROKEN: ("InternalError", "an error on the server has prevented the request from succeeding"),
}
"""Reason and message of the `Status` that a real API server answers with."""


@dataclass(eq=False)
class Injection:
    """A fault for the next `times` matching requests: before the API server sees them, or after it has done them.

    `then` is called at that moment, once per hit, before anything is answered (to kill the client, say).
    """

    fault: Fault
    matches: Matches
    after_effect: bool = False
    times: int = 1
    then: Callable[[], None] | None = None
    hits: int = field(default=0, init=False)


class Hold:
    """A place where matching requests are kept before they reach the API server."""

    def __init__(self, matches: Matches) -> None:
        self.matches = matches
        self.reached = threading.Event()
        self.released = threading.Event()
        self.waiting = 0
        """How many are kept right now."""
        self.delays_only = False
        """Whether what was kept reaches the API server after the release; else its connection is closed."""

    def release(self) -> None:
        """Let what is kept, and everything after it, pass."""
        self.released.set()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients are killed and connections reset on purpose: that is no news. Everything else is told."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class FaultProxy:
    """Use it as a context manager; `url` is what a kubeconfig names as its server."""

    def __init__(self, server: str, certificate_authority: str) -> None:
        self._server = server.rstrip("/")
        self._pool = urllib3.PoolManager(ca_certs=certificate_authority, retries=False, maxsize=32)
        self._holds: list[Hold] = []
        self._injections: list[Injection] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._httpd = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._httpd.server_address[1]}"
        self._thread = threading.Thread(target=self._httpd.serve_forever, name="fault-proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for hold in self._holds:
            hold.release()
        self._httpd.shutdown()
        self._httpd.server_close()

    def hold(self, matches: Matches) -> Hold:
        """Keep matching requests from now on, until the hold is released."""
        hold = Hold(matches)
        self._holds.append(hold)
        return hold

    def inject(self, injection: Injection) -> Injection:
        """Let it go wrong from now on, until the injection has had its hits."""
        with self._lock:
            self._injections.append(injection)
        return injection

    def due(self, request: Request) -> Injection | None:
        """The first injection that is for this request; the hit is counted."""
        with self._lock:
            found = next((i for i in self._injections if i.hits < i.times and i.matches(request)), None)
            if found is not None:
                found.hits += 1
                if found.hits >= found.times:
                    self._injections.remove(found)
        return found

    def passed(self, request: Request, status: int) -> None:
        """Called with what the API server answered, before the client sees it; for subclasses."""

    def _pass_on(self, request: Request, headers: dict[str, str]) -> urllib3.BaseHTTPResponse | None:
        for hold in self._holds:
            if hold.matches(request) and not hold.released.is_set():
                with self._lock:
                    hold.waiting += 1
                hold.reached.set()
                hold.released.wait(HOLD_SECONDS)
                with self._lock:
                    hold.waiting -= 1
                if not hold.delays_only:
                    return None
        return self._pool.request(
            request.verb,
            self._server + request.path,
            body=request.body or None,
            headers=headers,
            timeout=WATCH_SECONDS if request.is_watch else 60.0,
            preload_content=not request.is_watch,
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                request = Request(self.command, self.path, self.rfile.read(length))
                headers = {key: value for key, value in self.headers.items() if key.lower() not in HOP_HEADERS}
                injection = proxy.due(request)
                if injection is not None and not injection.after_effect and self._goes_wrong(injection):
                    return
                try:
                    response = proxy._pass_on(request, headers)
                except urllib3.exceptions.HTTPError:
                    response = None  # The API server is away: so are we.
                if response is None:
                    self.close_connection = True
                    return
                proxy.passed(request, response.status)
                if injection is not None and injection.after_effect and self._goes_wrong(injection):
                    return
                kept = {key: value for key, value in response.headers.items() if key.lower() not in HOP_HEADERS}
                if request.is_watch and response.status == 200:
                    self._stream(kept, response)
                else:
                    self._send(response.status, kept, response.data)

            def _goes_wrong(self, injection: Injection) -> bool:
                """Whether that was all the answer there is."""
                if injection.then is not None:
                    injection.then()
                match injection.fault:
                    case Fault.SLOW:
                        proxy._stopping.wait(SLOW_SECONDS)
                        return False
                    case Fault.NO_ANSWER:
                        self.close_connection = True
                        proxy._stopping.wait(NO_ANSWER_SECONDS)
                    case Fault.RESET:
                        self.close_connection = True
                        # Closing with a linger time of zero sends RST, not FIN.
                        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        self.connection.close()
                    case refusal:
                        reason, message = REFUSALS[refusal]
                        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": int(refusal)}
                        body = json.dumps({**status, "reason": reason, "message": message}).encode()
                        self._send(int(refusal), {"Content-Type": "application/json"}, body)
                return True

            def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
                try:
                    self.send_response(status)
                    for key, value in headers.items():
                        self.send_header(key, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True  # The client has gone.

            def _stream(self, headers: Mapping[str, str], response: urllib3.BaseHTTPResponse) -> None:
                """A watch: each event as it comes, until one of the two sides ends it."""
                self.close_connection = True
                try:
                    self.send_response(response.status)
                    for key, value in headers.items():
                        self.send_header(key, value)
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for chunk in response.stream():
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                    self.wfile.write(b"0\r\n\r\n")
                except (OSError, urllib3.exceptions.HTTPError):
                    pass  # One of the two has gone; the other sees its connection closed.
                finally:
                    response.close()

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - http.server's names

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the API server's audit log tells what arrived."""

        return Handler
