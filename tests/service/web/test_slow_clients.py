"""Clients that stop in the middle of a request, or of a handshake, keep nobody else waiting for long."""

from __future__ import annotations

import contextlib
import socket
import time
from pathlib import Path

import pytest

from sandbox.certificates import Authority
from tests.service.web.running import Client, edge

THREADS = 4
BEGINNINGS = {
    "request": b"POST /api/v1/alerts HTTP/1.1\r\nHost: x\r\n",
    "body": b"POST /api/v1/alerts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Authorization: Bearer deliveries-need-this\r\nContent-Length: 100\r\n\r\n{",
    "handshake": b"\x16\x03\x01",
}


@pytest.mark.parametrize("what", BEGINNINGS)
def test_what_never_arrives_whole_is_cut_off(tmp_path: Path, what: str) -> None:
    authority = Authority(tmp_path / "servers", "servers")
    pair = authority.sign("one")
    tls = {"tls_certificate_file": str(pair.certificate), "tls_key_file": str(pair.key)} if what == "handshake" else {}
    trust = {"ca_certs": str(authority.certificate)} if tls else {}
    with (
        edge(
            tmp_path / "receiver",
            trust,
            threads=str(THREADS),
            max_deliveries_in_flight="3",
            request_timeout="2s",
            **tls,
        ) as running,
        contextlib.ExitStack() as stack,
    ):
        began = time.monotonic()
        stuck = []
        for _ in range(2 * THREADS):
            stuck.append(stack.enter_context(socket.create_connection(("127.0.0.1", running.port), 20.0)))
            stuck[-1].sendall(BEGINNINGS[what])
        client = Client(running, **trust)
        assert client.get("/healthz").status == 200
        assert client.deliver().status == 200
        # As many as there are threads, twice; and gunicorn looks once a second.
        assert time.monotonic() - began < 2 * (2.0 + 1.0) + 2.0
        for connection in stuck:
            with contextlib.suppress(ConnectionError):
                while connection.recv(1000):
                    pass
