"""TLS of the receiver's own port: a real process, real certificates, and real Alertmanagers that deliver."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml

from sandbox.certificates import Authority, Pair
from sandbox.debian import MonitoringBinaries
from sandbox.process import wait_until
from tests.service.alertmanager.running import alertmanager, fire
from tests.service.web.running import NOT_ASKED, Client, Edge, edge

SECONDS = 30.0


@dataclass(frozen=True)
class Files:
    """The authorities of servers and of clients, and the files that the receiver is given."""

    servers: Authority
    clients: Authority
    folder: Path

    def put(self, pair: Pair, client_ca: Path | None = None) -> None:
        """Give the receiver another certificate and key, or another client CA."""
        shutil.copy(pair.certificate, self.folder / "tls.crt")
        shutil.copy(pair.key, self.folder / "tls.key")
        if client_ca:
            shutil.copy(client_ca, self.folder / "ca.crt")

    @property
    def settings(self) -> dict[str, str]:
        """Of a receiver with TLS."""
        return {"tls_certificate_file": str(self.folder / "tls.crt"), "tls_key_file": str(self.folder / "tls.key")}

    @property
    def mutual(self) -> dict[str, str]:
        """Of a receiver with mutual TLS, and no token."""
        return {**self.settings, "client_ca_file": str(self.folder / "ca.crt"), "token_file": ""}

    @property
    def trust(self) -> dict[str, Any]:
        """Options of a client that believes the servers' authority."""
        return {"ca_certs": str(self.servers.certificate)}

    def identified(self, pair: Pair) -> dict[str, Any]:
        """Options of a client that has a certificate as well."""
        return {**self.trust, "cert_file": str(pair.certificate), "key_file": str(pair.key)}


def lock(key: Path, locked: Path) -> None:
    """The same key, encrypted with a password."""
    command: list[str | Path] = ["openssl", "ec", "-in", key, "-out", locked, "-aes256", "-passout", "pass:secret"]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    folder = tmp_path / "given"
    folder.mkdir()
    made = Files(Authority(tmp_path / "servers", "servers"), Authority(tmp_path / "clients", "clients"), folder)
    made.put(made.servers.sign("one"), made.clients.certificate)
    lock(made.folder / "tls.key", folder / "locked.key")
    return made


@pytest.fixture
def served(files: Files, tmp_path: Path) -> Iterator[Edge]:
    with edge(tmp_path / "receiver", files.trust, **files.settings) as running:
        yield running


@pytest.fixture
def mutual(files: Files, tmp_path: Path) -> Iterator[Edge]:
    with edge(tmp_path / "receiver", files.trust, **files.mutual) as running:
        yield running


def name_served(running: Edge, files: Files) -> str:
    """The common name of the certificate that a new connection is shown."""
    context = ssl.create_default_context(cafile=str(files.servers.certificate))
    with (
        socket.create_connection(("127.0.0.1", running.port), 5.0) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        shown: Any = connection.getpeercert()
        return str(shown["subject"][0][0][1])


def handshake(running: Edge, version: ssl.TLSVersion) -> str | None:
    """The version that is agreed upon by a client that knows none that is newer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = min(version, ssl.TLSVersion.TLSv1_2)
    context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", running.port), 5.0) as plain,
        context.wrap_socket(plain) as connection,
    ):
        return connection.version()


def is_cut_off(client: Client) -> bool:
    """Whether a delivery has no answer at all; else it is refused."""
    try:
        assert client.deliver(token="").status != 200
    except (urllib3.exceptions.SSLError, urllib3.exceptions.ProtocolError):
        return True
    return False


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_deliveries_need_the_token_and_the_old_versions_are_refused(served: Edge, files: Files) -> None:
    client = Client(served, **files.trust)
    assert client.deliver().status == 200
    assert client.deliver(token="wrong").status == 401
    with pytest.raises(urllib3.exceptions.SSLError, match="certificate verify failed"):
        Client(served, ca_certs=str(files.clients.certificate)).get("/healthz")
    assert handshake(served, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    assert handshake(served, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    with pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"):
        handshake(served, ssl.TLSVersion.TLSv1_1)
    # Whoever speaks plain HTTP to the port stops nobody else.
    with socket.create_connection(("127.0.0.1", served.port), 5.0) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" not in plain.recv(1000)
    assert client.deliver().status == 200


def test_a_new_certificate_is_served_at_once_and_no_connection_is_dropped(served: Edge, files: Files) -> None:
    client = Client(served, **files.trust)
    assert client.deliver().status == 200
    assert name_served(served, files) == "one"

    files.put(files.servers.sign("two"))
    assert name_served(served, files) == "two"
    assert client.deliver().status == 200
    assert client.connections() == 1, "the connection of before was used again"

    # A certificate without its key, a file that is no certificate, none at all: the pair of before stays.
    three = files.servers.sign("three")
    for break_it in (
        lambda: shutil.copy(three.certificate, files.folder / "tls.crt"),
        lambda: (files.folder / "tls.crt").write_text("nothing"),
        lambda: (files.folder / "tls.crt").unlink(),
    ):
        break_it()
        told = served.log().count("TLS files not usable")
        assert [name_served(served, files) for _ in range(3)] == ["two"] * 3
        assert served.log().count("TLS files not usable") == told + 1
    files.put(three)
    assert name_served(served, files) == "three"
    assert client.deliver().status == 200


def test_mutual_tls(mutual: Edge, files: Files, tmp_path: Path) -> None:
    known = Client(mutual, **files.identified(files.clients.sign("alertmanager")))
    assert known.deliver(token="").status == 200

    nobody = Client(mutual, **files.trust)
    for token in ("", "deliveries-need-this"):
        answer = nobody.deliver(token=token)
        assert answer.status == 403
        assert "client certificate" in answer.json()["error"]
    # Probes and scrapes come without one.
    assert nobody.get("/healthz").status == 200
    assert nobody.get("/readyz").status == 503
    # So does whoever reads: it is the API server that is missing.
    assert "client certificate" not in nobody.get("/api/v1/rollbacks").data.decode()
    assert nobody.get("/api/v1/openapi.json").status == 200
    assert 'outcome="refused"} 2.0' in nobody.get("/metrics").data.decode()

    stranger = Authority(tmp_path / "strangers", "clients").sign("alertmanager")
    assert is_cut_off(Client(mutual, **files.identified(stranger)))
    assert known.accepted() == 1


def test_another_client_ca_counts_for_open_connections_too(mutual: Edge, files: Files, tmp_path: Path) -> None:
    old = files.identified(files.clients.sign("old"))
    kept = Client(mutual, **old)
    assert kept.deliver(token="").status == 200

    successors = Authority(tmp_path / "successors", "clients")
    files.put(files.servers.sign("one"), successors.certificate)
    answer = kept.deliver(token="")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert "has been replaced" in answer.json()["error"]
    wait_until(lambda: is_cut_off(kept), SECONDS, "its connection is ended")
    assert is_cut_off(Client(mutual, **old))
    assert Client(mutual, **files.identified(successors.sign("new"))).deliver(token="").status == 200


def test_with_both_both_are_needed(files: Files, tmp_path: Path) -> None:
    settings = {name: value for name, value in files.mutual.items() if name != "token_file"}
    with edge(tmp_path / "receiver", files.trust, **settings) as running:
        client = Client(running, **files.identified(files.clients.sign("alertmanager")))
        assert client.deliver().status == 200
        assert client.deliver(token="").status == 401
        assert Client(running, **files.trust).deliver().status == 403


@pytest.mark.parametrize("how", ["token", "certificate"])
def test_a_real_alertmanager_delivers(monitoring: MonitoringBinaries, files: Files, tmp_path: Path, how: str) -> None:
    settings = files.settings if how == "token" else files.mutual
    with edge(tmp_path / "receiver", files.trust, **settings) as running:
        http: dict[str, Any] = {"tls_config": {"ca_file": str(files.servers.certificate)}}
        if how == "token":
            http["authorization"] = {"credentials_file": str(running.token_file)}
        else:
            pair = files.clients.sign("alertmanager")
            http["tls_config"] |= {"cert_file": str(pair.certificate), "key_file": str(pair.key)}
        hook = {"url": f"{running.url}/api/v1/alerts", "http_config": http}
        config = {
            "route": {"receiver": "metricops", "group_wait": "0s", "group_interval": "1s", "repeat_interval": "1s"},
            "receivers": [{"name": "metricops", "webhook_configs": [hook]}],
        }
        client = Client(running, **files.trust)
        with alertmanager(monitoring, tmp_path / "alertmanager", yaml.safe_dump(config)) as url:
            fire(url, None, **NOT_ASKED)
            wait_until(lambda: client.accepted() >= 1, SECONDS, "it has delivered")
            files.put(files.servers.sign("two"))
            assert name_served(running, files) == "two"
            before = client.accepted()
            wait_until(lambda: client.accepted() > before + 1, SECONDS, "it still delivers")
        assert 'format="alertmanager",outcome="refused"} 0.0' in client.get("/metrics").data.decode()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"token_file": ""}, "METRICOPS_TOKEN_FILE: found nothing"),
        ({"tls_certificate_file": "tls.crt"}, "METRICOPS_TLS_KEY_FILE: found '', expected a readable file"),
        ({"client_ca_file": "ca.crt"}, "METRICOPS_TLS_CERTIFICATE_FILE: found '', expected a readable file"),
        ({"tls_certificate_file": "tls.crt", "tls_key_file": "ca.crt"}, "TLS files: found"),
        ({"tls_certificate_file": "tls.crt", "tls_key_file": "locked.key"}, "TLS files: found"),
    ],
)
def test_it_does_not_start(files: Files, tmp_path: Path, settings: dict[str, str], named: str) -> None:
    given = {name: str(files.folder / value) if value else "" for name, value in settings.items()}
    running = Edge(tmp_path / "receiver", **given)
    wait_until(lambda: not running.process.is_running, SECONDS, "it has ended")
    assert running.process.stop() == 1
    assert named in running.log()
    assert "Traceback" not in running.log()
