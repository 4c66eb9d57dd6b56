"""Deployments of a usual size, in two releases, without replicas: their rollouts need no node."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from receiver.cluster.api import Api, JsonObject, object_path
from sandbox.process import wait_until

MANAGER = "a-deployer"
AT_ONCE = 8
ROLLOUT_SECONDS = 120.0
SETTINGS_MAP = "settings"
"""The ConfigMap that all workloads of a namespace mount."""
REVISION = "deployment.kubernetes.io/revision"


def template(name: str, version: str, *, mounts: bool = True) -> JsonObject:
    """A pod template as charts make them: environment, probes, limits, and a volume; where it `mounts`, a ConfigMap."""
    probe = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 10}
    container = {
        "name": "main",
        "image": f"registry.example/{name}:{version}",
        "env": [{"name": f"SETTING_{number}", "value": f"value of setting {number}"} for number in range(10)],
        "ports": [{"name": "http", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}],
        "livenessProbe": probe,
        "readinessProbe": probe,
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "volumeMounts": [{"name": "settings", "mountPath": "/etc/settings"}],
    }
    volume = {"name": "settings", **({"configMap": {"name": SETTINGS_MAP}} if mounts else {"emptyDir": {}})}
    return {
        "metadata": {"labels": {"app": name}, "annotations": {"prometheus.io/scrape": "true"}},
        "spec": {"containers": [container], "volumes": [volume]},
    }


def deployment(namespace: str, name: str, version: str, *, mounts: bool = True) -> JsonObject:
    """An opted-in Deployment."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "namespace": namespace,
            "name": name,
            "labels": {"metricops.dev/rollback": "enabled", "app": name},
        },
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, version, mounts=mounts),
        },
    }


def make_namespace(api: Api, name: str) -> None:
    """A namespace with what its workloads need."""
    api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": SETTINGS_MAP}, "data": {"level": "info"}}
    api.create(object_path("v1", "configmaps", name), settings, fieldManager=MANAGER)


def deploy_twice(api: Api, namespace: str, names: Sequence[str], *, mounts: bool = True) -> None:
    """Give each a good release and then a bad one, and wait until the controller has made both revisions."""
    for number, version in ((1, "good"), (2, "bad")):
        with ThreadPoolExecutor(AT_ONCE, "deploy") as pool:
            list(pool.map(partial(_apply, api, namespace, version, mounts), names))
        wait_until(partial(_all_at, api, namespace, names, number), ROLLOUT_SECONDS, f"all are at revision {number}")


def _apply(api: Api, namespace: str, version: str, mounts: bool, name: str) -> None:
    path = object_path("apps/v1", "deployments", namespace, name)
    api.apply(path, deployment(namespace, name, version, mounts=mounts), field_manager=MANAGER)


def _all_at(api: Api, namespace: str, names: Sequence[str], number: int) -> bool:
    items = api.get(object_path("apps/v1", "deployments", namespace))["items"]
    at = {
        item["metadata"]["name"]
        for item in items
        if item["metadata"].get("annotations", {}).get(REVISION) == str(number)
        and item.get("status", {}).get("observedGeneration") == item["metadata"]["generation"]
    }
    return at.issuperset(names)
