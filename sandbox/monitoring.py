"""Real Prometheus and Alertmanager on loopback, finding the sandbox's pods as a user's would."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import urllib3
import yaml

from sandbox.cache import Progress, run_folder
from sandbox.debian import MonitoringBinaries, Pair, monitoring_binaries
from sandbox.existing import Cluster
from sandbox.file_discovery import FileDiscovery
from sandbox.process import ManagedProcess, free_port
from sandbox.prometheus_account import prometheus_token

SCRAPE_CONFIG = Path(__file__).parents[1] / "manifests/monitoring/prometheus-scrape.yml"
READY_SECONDS = 30.0
STOP_SECONDS = 3.0
EMPTY_ALERTMANAGER = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


class Monitoring:
    """One Prometheus and one Alertmanager. Use it as a context manager; everything is gone afterwards."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        progress: Progress,
        pair: Pair = "default",
        binaries: MonitoringBinaries | None = None,
        interval: str = "1s",
        resend_delay: str = "5s",
        targets: Sequence[str] = (),
        folder: Path | None = None,
    ) -> None:
        """`interval` is that of scrapes and evaluations; `targets` (`HOST:PORT`) are scraped next to the pods.

        `resend_delay` is Prometheus' `--rules.alert.resend-delay` (1m unless set): 2.x knows no Alertmanager in the
        first seconds after a reload, and an alert that fires then is sent only when it is sent again. An alert that
        is not sent again for four times as long is resolved.
        """
        self._cluster = cluster
        self._progress = progress
        self.binaries = binaries or monitoring_binaries(pair, progress=progress)
        self._interval = interval
        self._resend_delay = resend_delay
        self._targets = list(targets)
        self._own_folder = folder is None
        self.folder = folder or run_folder("monitoring")
        self.rules_folder = self.folder / "rules"
        self.prometheus_url = f"http://127.0.0.1:{free_port()}"
        self.alertmanager_url = f"http://127.0.0.1:{free_port()}"
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(5.0))
        self._prometheus: ManagedProcess | None = None
        self._alertmanager: ManagedProcess | None = None
        self._discovery: FileDiscovery | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End both and remove their folder."""
        if self._discovery is not None:
            self._discovery.stop()
        for process in (self._prometheus, self._alertmanager):
            if process is not None:
                process.stop(STOP_SECONDS)
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def write_rules(self, name: str, text: str) -> None:
        """Put a rule file in place and reload Prometheus.

        Raises `RuntimeError` with Prometheus' words where it refuses; the earlier file is in place again then.
        """
        self._put(self.rules_folder / f"{name}.yml", text, self.prometheus_url)

    def remove_rules(self, name: str) -> None:
        """Take a rule file away and reload Prometheus."""
        (self.rules_folder / f"{name}.yml").unlink()
        self._reload(self.prometheus_url)

    def configure_alertmanager(self, text: str) -> None:
        """Put a configuration in place and reload Alertmanager. Raises `RuntimeError` as `write_rules` does."""
        self._put(self.folder / "alertmanager.yml", text, self.alertmanager_url)

    def reload(self) -> None:
        """Reload both; returns once what is on disk is in force. Raises `RuntimeError` where one refuses."""
        self._reload(self.prometheus_url)
        self._reload(self.alertmanager_url)

    def restart_alertmanager(self) -> None:
        """Stop Alertmanager and start it again: on the same address and data, and knowing no alert."""
        if self._alertmanager is not None:
            self._alertmanager.stop(STOP_SECONDS)
        self._start_alertmanager()

    def restart_prometheus(self) -> None:
        """Stop Prometheus and start it again, on the same address and data."""
        if self._prometheus is not None:
            self._prometheus.stop(STOP_SECONDS)
        self._start_prometheus()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """An instant query's result: `[{"metric": {…}, "value": [time, "number"]}]`."""
        answer = self.get(self.prometheus_url + "/api/v1/query", query=expression)
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def value(self, expression: str) -> float | None:
        """The value of a query that gives one series; None where it gives none."""
        result = self.query(expression)
        return float(result[0]["value"][1]) if result else None

    def alerts(self) -> list[dict[str, Any]]:
        """Prometheus' own view of its alerts."""
        found: list[dict[str, Any]] = self.get(self.prometheus_url + "/api/v1/alerts")["data"]["alerts"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        """The rule groups that Prometheus has loaded, each rule with its state and health."""
        found: list[dict[str, Any]] = self.get(self.prometheus_url + "/api/v1/rules")["data"]["groups"]
        return found

    def get(self, url: str, **parameters: str) -> Any:
        """GET JSON. Raises `RuntimeError` for an answer other than 200."""
        response = self._http.request("GET", url, fields=parameters)
        if response.status != 200:
            raise RuntimeError(f"GET {url}: {response.status} {response.data[:500].decode(errors='replace')}")
        return json.loads(response.data)

    def _start(self) -> None:
        binaries = self.binaries
        self._progress(
            f"starting Prometheus {binaries.prometheus_version} at {self.prometheus_url}, "
            f"Alertmanager {binaries.alertmanager_version} at {self.alertmanager_url}"
        )
        self.rules_folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "alertmanager.yml").write_text(EMPTY_ALERTMANAGER)
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(self._prometheus_config(), sort_keys=False))
        self._start_alertmanager()
        self._start_prometheus()

    def _start_alertmanager(self) -> None:
        self._alertmanager = ManagedProcess(
            "alertmanager",
            [
                *self.binaries.alertmanager_command(),
                f"--config.file={self.folder / 'alertmanager.yml'}",
                f"--storage.path={self.folder / 'alertmanager'}",
                f"--web.listen-address={self.alertmanager_url.removeprefix('http://')}",
                "--cluster.listen-address=",  # Alone: no mesh.
            ],
            self.folder / "alertmanager.log",
            folder=self.folder,
        )
        self._alertmanager.wait_until(lambda: self._answers(self.alertmanager_url), READY_SECONDS, "/-/ready answers")

    def _start_prometheus(self) -> None:
        self._prometheus = ManagedProcess(
            "prometheus",
            [
                self.binaries.prometheus,
                f"--config.file={self.folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={self.folder / 'prometheus'}",
                f"--web.listen-address={self.prometheus_url.removeprefix('http://')}",
                f"--rules.alert.resend-delay={self._resend_delay}",
                "--web.enable-lifecycle",
                "--storage.tsdb.retention.time=1d",
            ],
            self.folder / "prometheus.log",
            folder=self.folder,
        )
        self._prometheus.wait_until(lambda: self._answers(self.prometheus_url), READY_SECONDS, "/-/ready answers")

    def _prometheus_config(self) -> dict[str, Any]:
        scrape_configs = copy.deepcopy(yaml.safe_load(SCRAPE_CONFIG.read_text())["scrape_configs"])
        for config in scrape_configs:
            if self.binaries.has_kubernetes_sd:
                for discovery in config["kubernetes_sd_configs"]:
                    discovery["kubeconfig_file"] = str(self._service_account_kubeconfig())
            else:
                del config["kubernetes_sd_configs"]
                targets = self.folder / "targets.json"
                self._discovery = FileDiscovery(self._cluster.api(), targets)
                self._discovery.start()
                config["file_sd_configs"] = [{"files": [str(targets)], "refresh_interval": "1s"}]
        if self._targets:
            scrape_configs.append({"job_name": "targets", "static_configs": [{"targets": self._targets}]})
        return {
            "global": {"scrape_interval": self._interval, "evaluation_interval": self._interval},
            "rule_files": [str(self.rules_folder / "*.yml")],
            "alerting": {
                "alertmanagers": [{"static_configs": [{"targets": [self.alertmanager_url.removeprefix("http://")]}]}]
            },
            "scrape_configs": scrape_configs,
        }

    def _service_account_kubeconfig(self) -> Path:
        """What a Prometheus needs in a cluster: to find pods, nothing else."""
        token = prometheus_token(self._cluster.api())
        return self._cluster.write_kubeconfig(token, self.folder / "prometheus.kubeconfig")

    def _answers(self, url: str) -> bool:
        try:
            return self._http.request("GET", url + "/-/ready").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def _put(self, path: Path, text: str, url: str) -> None:
        earlier = path.read_text() if path.exists() else None
        path.write_text(text)
        try:
            self._reload(url)
        except RuntimeError:
            if earlier is None:
                path.unlink()
            else:
                path.write_text(earlier)
            raise

    def _reload(self, url: str) -> None:
        # Both answer only once the new configuration is in force.
        response = self._http.request("POST", url + "/-/reload", timeout=30.0)
        if response.status != 200:
            answer = response.data[:2000].decode(errors="replace").strip()
            process = self._prometheus if url == self.prometheus_url else self._alertmanager
            log = process.log_tail(3) if process is not None else ""
            raise RuntimeError(f"POST {url}/-/reload: {answer}\n{log}")
