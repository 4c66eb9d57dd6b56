"""`metricops admission serve` as the sandbox runs it: a process on loopback with the rights of its shipped account.

The API server reaches it by its address, where in a cluster it asks a Service; everything else is what is shipped.
"""

from __future__ import annotations

import base64
import shutil
import sys
from pathlib import Path

import urllib3
import yaml

from receiver import names
from receiver.cluster.api import Api, JsonObject
from sandbox.certificates import Authority, Pair
from sandbox.process import ManagedProcess, free_port
from sandbox.shipped import account_token, path_of

SHIPPED = Path(__file__).parents[1] / "manifests/admission"
RIGHTS = ("rbac.yaml", "certificates.yaml")
ACCOUNT = "metricops-admission"
SECONDS = 30.0
TOKEN_SECONDS = 24 * 3600


class AdmissionProcess:
    """The webhook on a free port of loopback, with a certificate of an authority of its own."""

    def __init__(self, kubeconfig: Path, folder: Path, authority: Authority, **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.authority = authority.certificate.read_bytes()
        self._served = Pair(folder / "tls.crt", folder / "tls.key")
        self.serve_certificate(authority.sign(f"admission-{self.port}"))
        self._http = urllib3.PoolManager(
            retries=False, timeout=urllib3.Timeout(5.0), ca_certs=str(authority.certificate)
        )
        given = {
            "listen": f"127.0.0.1:{self.port}",
            "kubeconfig": str(kubeconfig),
            "tls_certificate_file": str(self._served.certificate),
            "tls_key_file": str(self._served.key),
            **settings,
        }
        environment = {f"METRICOPS_{name.upper()}": value for name, value in given.items()}
        command = [sys.executable, "-m", "cli.main", "admission", "serve"]
        self.process = ManagedProcess("admission", command, folder / "admission.log", environment=environment)

    def serve_certificate(self, pair: Pair) -> None:
        """Give it another certificate."""
        shutil.copy(pair.key, self._served.key)
        shutil.copy(pair.certificate, self._served.certificate)

    def wait_until_ready(self) -> None:
        """Raises `ProcessError` where it ends, or is not ready in time."""
        self.process.wait_until(self._is_ready, SECONDS, "/readyz answers 200")

    def get(self, path: str) -> bytes:
        """GET a page of it."""
        return self._http.request("GET", self.url + path).data

    def post(self, path: str, body: bytes) -> urllib3.BaseHTTPResponse:
        """POST to it, as the API server does."""
        headers = {"Content-Type": "application/json"}
        return self._http.request("POST", self.url + path, body=body, headers=headers)

    def log(self) -> str:
        """Its log so far."""
        return self.process.log.read_text(errors="replace")

    def _is_ready(self) -> bool:
        try:
            return self._http.request("GET", f"{self.url}/readyz").status == 200
        except urllib3.exceptions.HTTPError:
            return False


def account_objects() -> list[JsonObject]:
    """What it needs of a cluster: its namespace, the account with its rights."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": names.DEFAULT_NAMESPACE}}
    rights = [item for name in RIGHTS for item in yaml.safe_load_all((SHIPPED / name).read_text())]
    return [namespace, *rights]


def webhook_configuration(url: str, authority: bytes) -> JsonObject:
    """The shipped configuration, with an address on loopback in place of the Service."""
    configuration: JsonObject = yaml.safe_load((SHIPPED / "webhook.yaml").read_text())
    for webhook in configuration["webhooks"]:
        path = webhook["clientConfig"]["service"]["path"]
        webhook["clientConfig"] = {"url": url + path, "caBundle": base64.b64encode(authority).decode()}
    return configuration


def install_admission(api: Api, items: list[JsonObject]) -> None:
    """Make these objects, or make them so."""
    for item in items:
        api.apply(path_of(item), item, field_manager="sandbox")


def admission_token(api: Api) -> str:
    """A token of its shipped service account."""
    return account_token(api, names.DEFAULT_NAMESPACE, ACCOUNT, seconds=TOKEN_SECONDS)
