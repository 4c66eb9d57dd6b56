"""Replicas of the webhook with certificates of its own authority, a configuration that names them, and traffic."""

from __future__ import annotations

import base64
import itertools
import json
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import urllib3
import yaml
from cryptography import x509

from admission.certificates.contents import Contents, has_signed, read_bundle
from admission.certificates.secret import CertificateSecret, Stored
from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from sandbox.admission import SHIPPED
from sandbox.process import ManagedProcess, free_port
from sandbox.shipped import exists

SECONDS = 30.0
NAMESPACE = "shop"
CONFIGURATION_PATH = object_path(
    "admissionregistration.k8s.io/v1", "mutatingwebhookconfigurations", None, names.ADMISSION_CONFIGURATION
)
SECRET_PATH = object_path("v1", "secrets", names.DEFAULT_NAMESPACE, names.ADMISSION_SECRET)
DEPLOYMENTS = object_path("apps/v1", "deployments", NAMESPACE)
FRESH_SECONDS = 0.4
"""A bundle that was read so long ago at most is what an API server may still trust; less than the webhook waits."""
_numbers = itertools.count(1)


class Replica:
    """`metricops admission serve` on a port of loopback of its own."""

    def __init__(self, kubeconfig: Path, folder: Path, **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        given = {
            "listen": f"127.0.0.1:{self.port}",
            "kubeconfig": str(kubeconfig),
            "certificate_names": "127.0.0.1, localhost",
            **settings,
        }
        environment = {f"METRICOPS_{name.upper()}": value for name, value in given.items()}
        command = [sys.executable, "-m", "cli.main", "admission", "serve"]
        log = folder / f"admission-{self.port}.log"
        self.process = ManagedProcess("admission", command, log, environment=environment)
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(5.0), cert_reqs="CERT_NONE")

    def url(self, host: str = "127.0.0.1") -> str:
        return f"https://{host}:{self.port}/admission/v1/release"

    def wait_until_ready(self) -> None:
        self.process.wait_until(self._is_ready, SECONDS, "/readyz answers 200")

    def served(self, bundle: bytes | None = None) -> x509.Certificate:
        """The certificate that a new connection is shown; with a bundle it is checked as an API server does."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if bundle is None:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        else:
            context.load_verify_locations(cadata=bundle.decode())
        with (
            socket.create_connection(("127.0.0.1", self.port), 5.0) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            shown = connection.getpeercert(binary_form=True)
        assert shown is not None
        return x509.load_der_x509_certificate(shown)

    def metric(self, name: str) -> float:
        page = self._http.request("GET", f"https://127.0.0.1:{self.port}/metrics").data.decode()
        (line,) = (line for line in page.splitlines() if line.startswith(f"{name} "))
        return float(line.rpartition(" ")[2])

    def log(self) -> str:
        return self.process.log.read_text(errors="replace")

    def _is_ready(self) -> bool:
        try:
            return self._http.request("GET", f"https://127.0.0.1:{self.port}/readyz").status == 200
        except urllib3.exceptions.HTTPError:
            return False


class Certificates:
    """The Secret and the configuration of a cluster, as its administrator sees and changes them."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._secret = CertificateSecret(api, names.DEFAULT_NAMESPACE, names.ADMISSION_SECRET)

    def clear(self) -> None:
        """As if nothing had ever run."""
        for path in (SECRET_PATH, CONFIGURATION_PATH):
            if exists(self.api, path):
                self.api.delete(path)

    def contents(self) -> Contents:
        return self._secret.read().contents

    def put(self, contents: Contents) -> Stored:
        return self._secret.write(self._secret.read(), contents)

    def bundle(self) -> bytes:
        """What all webhooks trust; empty where they differ."""
        webhooks = self.api.get(CONFIGURATION_PATH)["webhooks"]
        (bundle, *others) = {webhook["clientConfig"].get("caBundle", "") for webhook in webhooks}
        return b"" if others else base64.b64decode(bundle)

    def is_published(self) -> bool:
        bundle = self.bundle()
        return bundle != b"" and read_bundle(bundle) == self.contents().bundle

    def has_switched(self, replicas: Sequence[Replica]) -> bool:
        """Whether all serve what the newest authority has signed."""
        return all(has_signed(self.contents().bundle[-1], replica.served()) for replica in replicas)


def configuration(
    replicas: Sequence[Replica], policy: str, *, host: str = "127.0.0.1", bundle: bytes | None = None
) -> JsonObject:
    """The shipped configuration, with a webhook for each replica: every request is answered by all of them."""
    item: JsonObject = yaml.safe_load((SHIPPED / "webhook.yaml").read_text())
    shipped = shipped_webhooks()[0]
    trust = {"caBundle": base64.b64encode(bundle).decode()} if bundle else {}
    item["webhooks"] = [
        {
            **shipped,
            "name": f"replica-{number}.{shipped['name']}",
            "clientConfig": {"url": replica.url(host), **trust},
            "failurePolicy": policy,
        }
        for number, replica in enumerate(replicas)
    ]
    return item


def shipped_webhooks() -> list[JsonObject]:
    """As they stand in the manifest."""
    item: JsonObject = yaml.safe_load((SHIPPED / "webhook.yaml").read_text())
    webhooks: list[JsonObject] = item["webhooks"]
    return webhooks


def deploy(api: Api) -> JsonObject:
    """A new workload. Raises `ApiError` where it is refused. Nothing runs it."""
    name = f"workload-{next(_numbers)}"
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main", "image": "shop:1"}]}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": template}
    return api.create(DEPLOYMENTS, {"metadata": {"name": name}, "spec": spec})


def is_stamped(item: JsonObject) -> bool:
    return names.RELEASE_ANNOTATION in item["metadata"].get("annotations", {})


def goes_well(api: Api) -> bool:
    """Whether a deploy goes through and is stamped: an API server sees a change a moment after it was written."""
    try:
        return is_stamped(deploy(api))
    except ApiError:
        return False


def refusal(api: Api) -> str:
    """Why a deploy is refused; empty where it goes through."""
    try:
        deploy(api)
    except ApiError as error:
        return error.message
    return ""


def owners(api: Api) -> set[str]:
    """The managers of caBundle."""
    entries = api.get(CONFIGURATION_PATH)["metadata"]["managedFields"]
    return {entry["manager"] for entry in entries if "f:caBundle" in json.dumps(entry["fieldsV1"])}


class Traffic:
    """Deploys, and new connections as an API server makes them, one after the other until it is stopped."""

    def __init__(self, certificates: Certificates, replicas: Sequence[Replica]) -> None:
        self._certificates = certificates
        self._replicas = replicas
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(one,)) for one in (self._deploy, self._connect)]
        self.failures: list[str] = []
        self.deploys = self.connections = 0
        self._earlier: tuple[float, bytes] = (0.0, b"")

    @contextmanager
    def running(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in self._threads:
                thread.join()

    def _run(self, once: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                once()
            except Exception as error:
                self.failures.append(repr(error))

    def _deploy(self) -> None:
        if not is_stamped(deploy(self._certificates.api)):
            self.failures.append("not stamped")
        self.deploys += 1

    def _connect(self) -> None:
        at, bundle = self._earlier
        self._earlier = (time.monotonic(), self._certificates.bundle())
        for replica in self._replicas:
            for read_at, trusted in ((at, bundle), self._earlier):
                if time.monotonic() - read_at < FRESH_SECONDS:
                    replica.served(trusted)
                    self.connections += 1
