"""A cluster with workloads, rules and routes, in which receivers are measured."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import yaml

from bench.audit_trail import AUDIT_POLICY, AuditTrail
from bench.exporter import METRIC, Exporter
from bench.workloads import deploy_twice, make_namespace
from receiver import names
from receiver.cluster.api import object_path
from rules.names import (
    BURN_ALERT,
    LIMIT_ANNOTATION,
    SHORT_WINDOW_ANNOTATION,
    SLI_ANNOTATION,
    UNDO_LABEL,
    UNDO_VALUE,
    WINDOW_PLACEHOLDER,
)
from sandbox.cache import Progress, run_folder
from sandbox.cluster import ControlPlane
from sandbox.monitoring import Monitoring
from sandbox.process import wait_until
from sandbox.receiver_process import TOKEN, ReceiverProcess
from sandbox.shipped import install, receiver_token, shipped_objects
from sandbox.stack import alertmanager_config

NAMESPACE = "bench"
LIMIT = 0.5
SETTLED_ALERTS = 100
SETTLED = ("Recovered", "NotRecovered")
SETTINGS = {
    "sweep_interval": "10s",
    "settle": "1s",
    "wide_fault_workloads": "10000",
    "namespace_budget": "10000",
    "cluster_budget": "10000",
    "budget_window": "10s",
}
"""Shipped defaults, but for these: recoveries are not what is measured, and hundreds of workloads are bad at once."""


class Scene:
    """Use it as a context manager; everything is gone afterwards."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.folder = run_folder("bench")
        self._exit = contextlib.ExitStack()
        self._workloads: list[str] = []
        self._settled: list[dict[str, Any]] = []
        self._receivers = 0
        self.own_pid = os.getpid()

    def __enter__(self) -> Self:
        try:
            self._exit.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.plane = self._exit.enter_context(
                ControlPlane(
                    progress=self.progress,
                    scheduler=False,
                    audit_policy=AUDIT_POLICY,
                    folder=self.folder / "cluster",
                )
            )
            self.api = self.plane.api()
            self.exporter = self._exit.enter_context(Exporter(NAMESPACE))
            self.monitoring = self._exit.enter_context(
                Monitoring(
                    self.plane,
                    progress=self.progress,
                    targets=[self.exporter.target],
                    folder=self.folder / "monitoring",
                )
            )
            install(self.api, shipped_objects(), manager="bench")
            make_namespace(self.api, NAMESPACE)
            self.kubeconfig = self.plane.write_kubeconfig(receiver_token(self.api), self.folder / "receiver.kubeconfig")
            self.trail = AuditTrail(self.plane.audit_log)
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def add_workloads(self, workloads: Sequence[str], *, mounts: bool = True) -> None:
        """Deploy them twice, and load a rule for each that fires when its metric is switched."""
        self.progress(f"deploying {len(workloads)} workloads, twice each")
        deploy_twice(self.api, NAMESPACE, workloads, mounts=mounts)
        self.exporter.switch(workloads, 0.0)
        self._workloads += workloads
        # A group each: Prometheus evaluates the rules of one group one after the other.
        groups = [{"name": workload, "rules": [_rule(workload)]} for workload in self._workloads]
        self.monitoring.write_rules("bench", yaml.safe_dump({"groups": groups}))
        wait_until(lambda: self._are_quiet(workloads), 60, "Prometheus has scraped and evaluated all of them as good")

    @contextlib.contextmanager
    def receiver(self, *, prometheus_url: str | None = None, **settings: str) -> Iterator[ReceiverProcess]:
        """A receiver that is Ready and gets Alertmanager's deliveries, by the shipped configuration."""
        self._receivers += 1
        folder = self.folder / f"receiver-{self._receivers}"
        given = {**SETTINGS, "prometheus_url": prometheus_url or self.monitoring.prometheus_url, **settings}
        receiver = ReceiverProcess(self.kubeconfig, folder, **given)
        try:
            receiver.wait_until_ready()
            token = folder / "alertmanager-token"
            token.write_text(TOKEN)
            config = alertmanager_config((receiver.url,), token)
            self.monitoring.configure_alertmanager(yaml.safe_dump(config, sort_keys=False))
            yield receiver
        finally:
            receiver.process.stop()

    def wait_until_settled(self, workloads: Sequence[str], seconds: float = 120.0) -> dict[str, dict[str, Any]]:
        """Wait until these workloads' Rollbacks have ended; returns them by workload."""
        found: dict[str, dict[str, Any]] = {}

        def phase(workload: str) -> str:
            return str((found.get(workload, {}).get("status") or {}).get("phase"))

        def settled() -> bool:
            items = self.api.get(object_path(names.API_VERSION, names.ROLLBACKS, NAMESPACE))["items"]
            found.update((item["spec"]["workload"]["name"], item) for item in items)
            return all(phase(workload) in SETTLED for workload in workloads)

        try:
            wait_until(settled, seconds, f"{len(workloads)} rollbacks have ended", every=0.25)
        except TimeoutError as error:
            late = next(workload for workload in workloads if phase(workload) not in SETTLED)
            raise RuntimeError(f"{error}; {late} is {found.get(late, {}).get('status')}") from error
        return {workload: found[workload] for workload in workloads}

    def roll_back(self, workloads: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Let their alerts fire, wait for the undos, let the alerts end; returns the ended Rollbacks."""
        self.progress(f"{len(workloads)} releases are undone, and recover")
        self.exporter.switch(workloads, 1.0)
        done: set[str] = set()

        def undone() -> bool:
            new = {call.name for call in self.trail.new_calls() if call.undoes}
            self.exporter.switch(new, 0.0)
            done.update(new)
            return done >= set(workloads)

        wait_until(undone, 120, f"{len(workloads)} undos are accepted")
        return self.wait_until_settled(workloads)

    def settled_alerts(self) -> list[dict[str, Any]]:
        """The alerts of a hundred rollbacks that have ended, which are made at the first call."""
        if not self._settled:
            workloads = [f"settled-{number:03}" for number in range(SETTLED_ALERTS)]
            self.add_workloads(workloads)
            with self.receiver():
                self._settled = [alert_of(rollback) for rollback in self.roll_back(workloads).values()]
        return self._settled

    def wait_for_undo(
        self, accepted: Callable[[], bool], receiver: ReceiverProcess, workload: str, seconds: float
    ) -> None:
        """Wait for it. Raises `RuntimeError` with the receiver's words about the workload at the deadline."""
        try:
            wait_until(accepted, seconds, f"the undo of {workload} is accepted", every=0.02)
        except TimeoutError as error:
            said = [line for line in receiver.log().splitlines() if workload in line][-10:]
            raise RuntimeError(f"{error}\n{chr(10).join(said) or receiver.process.log_tail()}") from error

    def _are_quiet(self, workloads: Sequence[str]) -> bool:
        seen = {series["metric"]["deployment"] for series in self.monitoring.query(METRIC)}
        evaluated = {
            group["name"]
            for group in self.monitoring.rules()
            if all(rule["health"] == "ok" and rule["state"] == "inactive" for rule in group["rules"])
        }
        return (seen & evaluated).issuperset(workloads)


def alert_of(rollback: dict[str, Any]) -> dict[str, Any]:
    """The alert that a Rollback stands for, as Alertmanager delivers it."""
    alert = rollback["spec"]["alert"]
    return {
        "status": "firing",
        "labels": alert["labels"],
        "annotations": alert.get("annotations") or {},
        "startsAt": alert["startsAt"],
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": alert.get("generatorURL", ""),
        "fingerprint": alert["fingerprint"],
    }


def delivery_of(alerts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A delivery of these alerts, as Alertmanager sends it."""
    return {
        "receiver": "metricops",
        "status": "firing",
        "alerts": list(alerts),
        "groupLabels": {"namespace": NAMESPACE},
        "commonLabels": {"namespace": NAMESPACE, UNDO_LABEL: UNDO_VALUE},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example",
        "version": "4",
        "groupKey": f'{{}}/{{metricops="undo"}}:{{namespace="{NAMESPACE}"}}',
        "truncatedAlerts": 0,
    }


def _rule(workload: str) -> dict[str, Any]:
    series = f'{METRIC}{{namespace="{NAMESPACE}",deployment="{workload}"}}'
    return {
        "alert": BURN_ALERT,
        "expr": f"{series} > {LIMIT}",
        "labels": {UNDO_LABEL: UNDO_VALUE, "severity": "page", "namespace": NAMESPACE, "deployment": workload},
        "annotations": {
            "summary": f"{workload} burns its error budget",
            SLI_ANNOTATION: f"max_over_time({series}[{WINDOW_PLACEHOLDER}])",
            SHORT_WINDOW_ANNOTATION: "2s",
            LIMIT_ANNOTATION: str(LIMIT),
        },
    }
