"""The least that an undo could take: Alertmanager's group_wait, and one round trip for each request that it needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import urllib3

from bench.figures import median, shown
from bench.scene import NAMESPACE, Scene
from bench.workloads import SETTINGS_MAP
from receiver import names
from receiver.cluster.api import Api, object_path
from rules.durations import parse_duration
from sandbox.stack import FAST_ALERTMANAGER

REPETITIONS = 30
DRY = {"dryRun": "All"}


@dataclass(frozen=True, slots=True)
class Floor:
    """The parts in seconds, by what is asked."""

    group_wait: float
    round_trips: dict[str, float]

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.group_wait + sum(self.round_trips.values())

    def __str__(self) -> str:
        parts = [f"{what} {shown(1000 * seconds)}" for what, seconds in self.round_trips.items()]
        return f"group_wait {shown(1000 * self.group_wait)} ms; in ms: {', '.join(parts)}"


def measure_floor(scene: Scene, workload: str) -> Floor:
    """Ask for each of it some times, on a connection that is open, with nothing else going on; writes are dry runs.

    The workload, its revisions and the ConfigMap that they need, the claim, the stop of all undos, the budget's slot,
    the undo; of Prometheus the rules and the SLI. `workload` is one that is left alone otherwise.
    """
    api = Api.connect(str(scene.kubeconfig), user_agent="bench-floor")
    deployment = object_path("apps/v1", "deployments", NAMESPACE, workload)
    budget = object_path("v1", "configmaps", names.DEFAULT_NAMESPACE, names.BUDGET_CONFIGMAP)
    claim = _claim(scene)
    pool = urllib3.PoolManager()
    prometheus = scene.monitoring.prometheus_url
    template = [{"op": "add", "path": "/spec/template/metadata/annotations/floor", "value": "1"}]

    def sli() -> None:
        now = time.time()
        fields = {"query": "max_over_time(bench_error_ratio[2s])", "start": str(now - 60), "end": str(now), "step": "1"}
        pool.request("GET", f"{prometheus}/api/v1/query_range", fields=fields)

    asked: dict[str, Callable[[], Any]] = {
        "get workload": lambda: api.get(deployment),
        "list revisions": lambda: api.get(
            object_path("apps/v1", "replicasets", NAMESPACE), labelSelector=f"app={workload}"
        ),
        "get ConfigMap": lambda: api.get(object_path("v1", "configmaps", NAMESPACE, SETTINGS_MAP)),
        "get rules": lambda: pool.request("GET", f"{prometheus}/api/v1/rules?type=alert"),
        "query SLI": sli,
        "create claim": lambda: api.create(
            object_path(names.API_VERSION, names.ROLLBACKS, NAMESPACE), claim, fieldManager="bench", **DRY
        ),
        "read stop switch": lambda: api.get(
            object_path("v1", "configmaps", names.DEFAULT_NAMESPACE, names.CONTROL_CONFIGMAP)
        ),
        "take slot": lambda: api.merge_patch(budget, {"data": {"floor": "1"}}, fieldManager="bench", **DRY),
        "undo": lambda: api.json_patch(deployment, template, fieldManager="bench", **DRY),
    }
    wait = parse_duration(FAST_ALERTMANAGER["group_wait"]).total_seconds()
    return Floor(wait, {what: _round_trip(ask) for what, ask in asked.items()})


def _claim(scene: Scene) -> dict[str, Any]:
    """A Rollback like those that are there, under a name that is free."""
    record = scene.api.get(object_path(names.API_VERSION, names.ROLLBACKS, NAMESPACE))["items"][0]
    metadata = {"namespace": NAMESPACE, "name": "floor", "labels": record["metadata"].get("labels") or {}}
    return {**{key: record[key] for key in ("apiVersion", "kind", "spec")}, "metadata": metadata}


def _round_trip(ask: Callable[[], Any]) -> float:
    ask()
    times: list[float] = []
    for _ in range(REPETITIONS):
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return median(times)
