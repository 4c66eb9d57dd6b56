"""The whole sandbox: control plane, stand-in node, Prometheus, Alertmanager, and the receiver as it is shipped."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from receiver import names
from receiver.cluster.api import Api, JsonObject, object_path
from sandbox.binaries import DEFAULT_VERSION, control_plane_binaries
from sandbox.cache import Progress, run_folder
from sandbox.cluster import ControlPlane
from sandbox.debian import Pair, monitoring_binaries
from sandbox.existing import Cluster, ExistingCluster
from sandbox.monitoring import Monitoring
from sandbox.node.start import STOP_SECONDS, start_node
from sandbox.process import ManagedProcess, wait_until
from sandbox.prometheus_account import remove_prometheus_account
from sandbox.rules_sync import (
    install_rules_sync,
    missing_for_rules_sync,
    remove_rules_sync,
    rules_sync_token,
    start_rules_sync,
)
from sandbox.stamping import Stamping

CHECKOUT = Path(__file__).parents[1]
RECEIVER = "metricops-receiver"
RECEIVER_SELECTOR = "app.kubernetes.io/name=metricops,app.kubernetes.io/component=receiver"
RECEIVER_PORT = 8080
READY_SECONDS = 60.0
FAST_ALERTMANAGER = {"group_wait": "0s", "group_interval": "2s", "repeat_interval": "3s"}
"""Repeats after 4 s (at the second flush), so that a story that needs one does not wait a minute."""


class Sandbox:
    """A cluster in which MetricOps runs. Use it as a context manager; everything is gone afterwards."""

    def __init__(
        self,
        *,
        progress: Progress,
        kubernetes: str = DEFAULT_VERSION,
        kubeconfig: Path | None = None,
        pair: Pair = "default",
        name: str = "sandbox",
    ) -> None:
        """With a `kubeconfig` the cluster is that one, and what was made in it is removed at the end."""
        self._progress = progress
        self._kubeconfig = kubeconfig
        # All builds and downloads come first, so that nothing runs meanwhile.
        self._binaries = None if kubeconfig else control_plane_binaries(kubernetes, progress=progress)
        self._monitoring_binaries = monitoring_binaries(pair, progress=progress)
        self.folder = run_folder(name)
        self.token = secrets.token_hex(24)
        self._applied: list[str] = []
        self._made: list[JsonObject] = []
        self._exit = contextlib.ExitStack()
        self.cluster: Cluster
        self.monitoring: Monitoring
        self.node: ManagedProcess
        self.rules_sync: ManagedProcess
        self.stamping: Stamping
        self.api: Api

    def __enter__(self) -> Self:
        try:
            self._exit.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.cluster = self._enter_cluster()
            self.api = self.cluster.api()
            self.monitoring = self._exit.enter_context(
                Monitoring(
                    self.cluster,
                    progress=self._progress,
                    binaries=self._monitoring_binaries,
                    folder=self.folder / "monitoring",
                )
            )
            self.node = start_node(
                self.cluster.kubeconfig, run_folder=self.folder / "node", bind=self._kubeconfig is not None
            )
            self._exit.callback(lambda: self.node.stop(STOP_SECONDS))
            if isinstance(self.cluster, ExistingCluster):
                self._exit.callback(self._remove_all, self.cluster)  # While its Pods still have a node to end them.
            self._start_rules_sync()
            self.stamping = Stamping(self.cluster, self.folder / "admission")
            self._exit.callback(self.stamping.webhook.process.stop, STOP_SECONDS)
        except BaseException:
            self._exit.close()
            raise
        return self

    def _enter_cluster(self) -> Cluster:
        if self._kubeconfig is not None:
            return ExistingCluster(self._kubeconfig, progress=self._progress)
        return self._exit.enter_context(
            ControlPlane(progress=self._progress, binaries=self._binaries, folder=self.folder / "cluster")
        )

    def _start_rules_sync(self) -> None:
        self._made = missing_for_rules_sync(self.api)
        install_rules_sync(self.api, self._made)
        kubeconfig = self.cluster.write_kubeconfig(rules_sync_token(self.api), self.folder / "rules-sync.kubeconfig")
        server = ("--prometheus", self.monitoring.prometheus_url, "--promtool", self._monitoring_binaries.promtool)
        # Rules of somebody else's cluster are none of the sandbox's business.
        ours = ("--selector", "app.kubernetes.io/managed-by=metricops") if self._kubeconfig is not None else ()
        log = self.folder / "rules-sync.log"
        self.rules_sync = start_rules_sync(kubeconfig, self.monitoring.rules_folder, log, *server, *ours)
        self._exit.callback(lambda: self.rules_sync.stop(STOP_SECONDS))

    def _remove_all(self, existing: ExistingCluster) -> None:
        """Take back what was applied to a cluster that lives on."""
        self._progress("removing what was made in the cluster")
        for text in reversed(self._applied):
            existing.kubectl("delete", "--ignore-not-found", "--timeout=60s", "-f", "-", stdin=text)
        self.stamping.remove()
        remove_rules_sync(existing.api(), self._made)
        remove_prometheus_account(existing.api())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def install(
        self, settings: Mapping[str, str] | None = None, *, replicas: int = 1, rules_reconcile: bool = False
    ) -> None:
        """Apply manifests/base as a user's overlay would, wait until the receiver is Ready, and stamp what is deployed.

        `settings` are METRICOPS_… variables; with `rules_reconcile` manifests/rules-reconcile comes with it. Raises
        `CalledProcessError` where kubectl refuses, `TimeoutError` where the receiver does not come up.
        """
        self._progress("applying manifests/base, and the receiver's token")
        self.apply(self._render(settings or {}, replicas, rules_reconcile=rules_reconcile))
        self.apply(self._token_secret())
        self.wait_for_receiver(replicas)
        self.stamping.register()

    def wait_for_receiver(self, replicas: int = 1) -> None:
        """Wait until so many receiver Pods are Ready."""
        wait_until(
            lambda: len(self.receiver_addresses()) >= replicas, READY_SECONDS, f"{replicas} receiver Pods are Ready"
        )

    def receiver_addresses(self) -> list[str]:
        """Base URLs of the receiver's Ready Pods (Services have no endpoints on loopback)."""
        pods = self.api.get(object_path("v1", "pods", names.DEFAULT_NAMESPACE), labelSelector=RECEIVER_SELECTOR)[
            "items"
        ]
        return [
            f"http://{pod['status']['podIP']}:{RECEIVER_PORT}"
            for pod in pods
            if is_pod_ready(pod) and not pod["metadata"].get("deletionTimestamp")
        ]

    def route_alerts(self, *urls: str) -> None:
        """Give Alertmanager the shipped configuration, pointed at these receivers (default: all that are Ready)."""
        token_file = self.folder / "token"
        token_file.write_text(self.token)
        token_file.chmod(0o600)
        config = alertmanager_config(urls or tuple(self.receiver_addresses()), token_file)
        self.monitoring.configure_alertmanager(yaml.safe_dump(config, sort_keys=False))

    def apply(self, text: str) -> None:
        """Apply manifests as a person would: `kubectl apply -f -`."""
        self.cluster.kubectl("apply", "-f", "-", stdin=text)
        self._applied.append(text)

    def rollbacks(self, namespace: str | None = None) -> list[dict[str, Any]]:
        """All Rollback objects."""
        found: list[dict[str, Any]] = self.api.get(object_path(names.API_VERSION, names.ROLLBACKS, namespace))["items"]
        return found

    def pod_log(self, namespace: str, pod_prefix: str, container: str) -> str:
        """The logs of the Pods whose names begin so."""
        files = sorted((self.folder / "node").glob(f"{namespace}_{pod_prefix}*/{container}.log"))
        return "".join(file.read_text(errors="replace") for file in files)

    def _render(self, settings: Mapping[str, str], replicas: int, *, rules_reconcile: bool) -> str:
        overlay = self.folder / "overlay"
        overlay.mkdir(exist_ok=True)
        folders = ["base", *(["rules-reconcile"] if rules_reconcile else [])]
        data = {
            "METRICOPS_PROMETHEUS_URL": self.monitoring.prometheus_url,
            "METRICOPS_ALERTMANAGER_URL": self.monitoring.alertmanager_url,
            **settings,
        }
        metadata = {"namespace": names.DEFAULT_NAMESPACE}
        patches = [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {**metadata, "name": "metricops-settings"},
                "data": data,
            },
            on_its_address("receiver", replicas),
            *([on_its_address("rules-reconcile", 1)] if rules_reconcile else []),
        ]
        kustomization = {
            "resources": [os.path.relpath(CHECKOUT / "manifests" / name, overlay.resolve()) for name in folders],
            "patches": [{"patch": yaml.safe_dump(patch)} for patch in patches],
        }
        (overlay / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        return subprocess.run(
            [self.cluster.kubectl_path, "kustomize", overlay], capture_output=True, text=True, check=True
        ).stdout

    def _token_secret(self) -> str:
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "metricops-token", "namespace": names.DEFAULT_NAMESPACE},
                "stringData": {"token": self.token},
            }
        )


def on_its_address(component: str, replicas: int) -> dict[str, Any]:
    """A patch of a shipped Deployment: Pods share the host's network here, so each binds to its own Pod's address."""
    address = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    listen = {"name": "METRICOPS_LISTEN", "value": f"$(POD_IP):{RECEIVER_PORT}"}
    container = {"name": component, "env": [address, listen]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"namespace": names.DEFAULT_NAMESPACE, "name": f"metricops-{component}"},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [container]}}},
    }


def alertmanager_config(urls: tuple[str, ...], token_file: Path) -> dict[str, Any]:
    """The shipped alertmanager/alertmanager.yml with this sandbox's receivers, token and short intervals."""
    config: dict[str, Any] = yaml.safe_load((CHECKOUT / "alertmanager/alertmanager.yml").read_text())
    for receiver in config["receivers"]:
        hooks = receiver.get("webhook_configs") or []
        ours = [hook for hook in hooks if hook["url"].endswith("/api/v1/alerts")]
        if ours:
            hook = ours[0]
            hook["http_config"]["authorization"]["credentials_file"] = str(token_file)
            receiver["webhook_configs"] = [{**hook, "url": f"{url}/api/v1/alerts"} for url in urls]
            routes = [route for route in config["route"]["routes"] if route["receiver"] == receiver["name"]]
            for route in routes:
                route.update(FAST_ALERTMANAGER)
    return config


def is_pod_ready(pod: dict[str, Any]) -> bool:
    """Whether the Pod's Ready condition holds."""
    conditions = pod["status"].get("conditions") or []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)
