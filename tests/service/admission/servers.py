"""Webhooks as they should not be, and somebody else's: small HTTPS servers on loopback."""

from __future__ import annotations

import base64
import copy
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from receiver.cluster.api import Api, JsonObject
from sandbox.admission import webhook_configuration
from sandbox.certificates import Authority, Pair
from sandbox.process import wait_until
from sandbox.shipped import path_of
from tests.service.admission.workloads import create, manifest

Answer = Callable[[JsonObject], JsonObject]
"""Gives the fields of the response to a request."""
LONGER_THAN_ANY_TIMEOUT = 20.0


def nothing(_request: JsonObject) -> JsonObject:
    return {"allowed": True}


def adds_a_sidecar(request: JsonObject) -> JsonObject:
    """What many webhooks do to pod templates, where it is not done yet."""
    containers = request["object"]["spec"]["template"]["spec"]["containers"]
    if any(container["name"] == "sidecar" for container in containers):
        return {"allowed": True}
    patch = [{"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "sidecar", "image": "p:1"}}]
    return {"allowed": True, "patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}


class OtherServer:
    """An HTTPS server whose every request is a connection of its own, so that each sees the certificate of now."""

    def __init__(self, pair: Pair, answer: Answer = nothing) -> None:
        self.hangs = False
        self.requests = 0
        self._ended = threading.Event()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.use(pair)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests += 1
                if outer.hangs:
                    outer._ended.wait(LONGER_THAN_ANY_TIMEOUT)
                    return
                response = {"uid": review["request"]["uid"], **answer(review["request"])}
                body = json.dumps({**review, "request": None, "response": response}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.socket = self._context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def use(self, pair: Pair) -> None:
        """Show this certificate from now on."""
        self._context.load_cert_chain(pair.certificate, pair.key)

    def stop(self) -> None:
        """Be gone: its port refuses connections."""
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@contextmanager
def asked_alone(api: Api, server: OtherServer, authority: Authority, namespace: str, name: str) -> Iterator[None]:
    """Register it as ours is, but for one namespace and by another name, which says when it comes among webhooks."""
    shipped = webhook_configuration(server.url, authority.certificate.read_bytes())
    webhook = copy.deepcopy(shipped["webhooks"][0])
    only = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": [namespace]}
    webhook["namespaceSelector"] = {"matchExpressions": [only]}
    configuration = {**shipped, "metadata": {"name": name}, "webhooks": [webhook]}
    api.apply(path_of(configuration), configuration, field_manager="tests")

    def is_asked() -> bool:
        create(api, manifest(namespace, name="probe"), dryRun="All")
        return server.requests > 0

    try:
        wait_until(is_asked, 20, "the API server asks the webhook")
        yield
    finally:
        api.delete(path_of(configuration))
