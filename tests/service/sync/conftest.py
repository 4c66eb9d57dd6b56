"""A real API server with the shipped CRDs and rights, and a real Prometheus of each pair that reads a folder."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml

from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from sandbox.cluster import ControlPlane
from sandbox.debian import MonitoringBinaries
from sandbox.process import ManagedProcess, free_port, wait_until
from sandbox.rules_sync import install_rules_sync, rules_sync_objects, rules_sync_token, start_rules_sync
from sync.folder import STATE, TAKEN
from sync.objects import OBJECTIVE, PROMETHEUS_RULE, Kind

SECONDS = 30.0
HTTP = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(10.0))
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(progress=print, scheduler=False, controllers=False) as plane:
        install_rules_sync(plane.api(), rules_sync_objects())
        yield plane


@pytest.fixture(scope="session")
def kubeconfig(plane: ControlPlane) -> Path:
    """The shipped service account's."""
    return plane.write_kubeconfig(rules_sync_token(plane.api()), plane.folder / "rules-sync.kubeconfig")


@pytest.fixture
def api(plane: ControlPlane) -> Api:
    return plane.api()


@pytest.fixture
def namespace(api: Api) -> str:
    """A namespace of the test's own."""
    name = f"sync-{next(_numbers)}"
    api.create("/api/v1/namespaces", {"metadata": {"name": name}})
    return name


@dataclass
class Server:
    """A Prometheus with a folder of rules."""

    url: str
    rules: Path
    binaries: MonitoringBinaries
    folder: Path
    process: ManagedProcess = field(init=False)

    def start(self, *options: str) -> None:
        command: list[str | Path] = [
            self.binaries.prometheus,
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address={self.url.removeprefix('http://')}",
            *(options or ("--web.enable-lifecycle",)),
        ]
        self.process = ManagedProcess("prometheus", command, self.folder / "prometheus.log", folder=self.folder)

    def configure(self, rule_files: str | None = None, **more: Any) -> None:
        config = {"rule_files": [rule_files or str(self.rules / "*.yml")], **more}
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(config))

    def is_ready(self) -> bool:
        try:
            return HTTP.request("GET", f"{self.url}/-/ready").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def expressions(self) -> set[str]:
        """The expressions of all rules that it evaluates."""
        groups = HTTP.request("GET", f"{self.url}/api/v1/rules").json()["data"]["groups"]
        return {rule["query"] for group in groups for rule in group["rules"]}

    def loads(self) -> int:
        """How often it has begun to load its configuration."""
        return self.process.log.read_text().count("Loading configuration file")

    def taken(self) -> list[str]:
        """What `rules sync` keeps as the last good files."""
        return sorted(path.name for path in (self.rules / STATE / TAKEN).glob("*.yml"))

    def files(self) -> list[str]:
        """What it finds in its folder."""
        return sorted(path.name for path in self.rules.glob("*.yml"))


@pytest.fixture
def prometheus(monitoring: MonitoringBinaries, tmp_path: Path) -> Iterator[Server]:
    server = Server(f"http://127.0.0.1:{free_port()}", tmp_path / "rules", monitoring, tmp_path)
    server.rules.mkdir()
    server.configure()
    server.start()
    server.process.wait_until(server.is_ready, SECONDS, "/-/ready answers")
    yield server
    server.process.stop(1.0)


Start = Callable[..., ManagedProcess]


@pytest.fixture
def start(kubeconfig: Path, namespace: str, prometheus: Server, tmp_path: Path) -> Iterator[Start]:
    """Start `rules sync` for the test's namespace; whatever is left is ended after the test."""
    started: list[ManagedProcess] = []

    def begin(*options: str | Path, promtool: Path | None = prometheus.binaries.promtool) -> ManagedProcess:
        checked = ("--promtool", promtool) if promtool else ()
        given = ("--namespace", namespace, "--prometheus", prometheus.url, "--resync", "2s", *checked, *options)
        started.append(start_rules_sync(kubeconfig, prometheus.rules, tmp_path / f"sync-{len(started)}.log", *given))
        return started[-1]

    yield begin
    for process in started:
        process.stop()
    logs = "".join(process.log.read_text() for process in started)
    assert "forbidden" not in logs, "the shipped rights do not suffice"
    assert "Traceback" not in logs


class Cluster:
    """Objects of a namespace, as their owners write and see them."""

    def __init__(self, api: Api, namespace: str) -> None:
        self.api, self.namespace = api, namespace

    def rule(self, name: str, expression: str, labels: dict[str, str] | None = None, **more: Any) -> JsonObject:
        """Write a PrometheusRule with one alert."""
        alert = {"alert": "A", "expr": expression, **({"labels": labels} if labels else {}), **more}
        return self.write(PROMETHEUS_RULE, name, {"groups": [{"name": "g", "rules": [alert]}]})

    def write(self, kind: Kind, name: str, spec: Any) -> JsonObject:
        path = object_path(kind.api_version, kind.plural, self.namespace)
        metadata = {"name": name}
        item = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}
        try:
            return self.api.create(path, item)
        except ApiError as error:
            if error.status != 409:
                raise
            known = self.api.get(f"{path}/{name}")
            return self.api.replace(f"{path}/{name}", {**known, "spec": spec})

    def remove(self, kind: Kind, name: str) -> None:
        self.api.delete(object_path(kind.api_version, kind.plural, self.namespace, name))

    def events(self, name: str) -> list[JsonObject]:
        """What is told on an object, the oldest first."""
        items = self.api.get(object_path("events.k8s.io/v1", "events", self.namespace))["items"]
        return sorted((one for one in items if one["regarding"]["name"] == name), key=lambda one: str(one["eventTime"]))

    def loaded(self, name: str) -> JsonObject:
        """An objective's condition; empty while there is none."""
        status = self.api.get(object_path(OBJECTIVE.api_version, OBJECTIVE.plural, self.namespace, name)).get("status")
        found: list[JsonObject] = (status or {}).get("conditions") or []
        return next((one for one in found if one["type"] == "Loaded"), {})


@pytest.fixture
def cluster(api: Api, namespace: str) -> Cluster:
    return Cluster(api, namespace)


def eventually(condition: Callable[[], bool], what: str) -> None:
    wait_until(condition, SECONDS, what)
