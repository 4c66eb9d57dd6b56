"""Pods on a real API server."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from receiver.cluster.api import object_path
from sandbox.process import wait_until
from sandbox.traffic import Traffic
from tests.service.node.conftest import SECONDS, Cluster, first_container, is_ready

POD_IP = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
PROBE: dict[str, Any] = {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 2}
SHOP: dict[str, Any] = {
    "name": "shop",
    "image": "shop:1.0",
    "env": [POD_IP],
    "ports": [{"name": "http", "containerPort": 8080}],
    "readinessProbe": PROBE,
}


def test_a_deployment_rolls_from_one_release_to_the_next(cluster: Cluster, namespace: str) -> None:
    labels = {"app": "shop"}
    template = {"metadata": {"labels": labels}, "spec": {"terminationGracePeriodSeconds": 2, "containers": [SHOP]}}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": template}
    path = object_path("apps/v1", "deployments", namespace)
    cluster.api.create(path, {"metadata": {"name": "shop"}, "spec": spec})
    wait_for_rollout(cluster, namespace)
    traffic = Traffic(cluster.api, namespace, "app=shop", rate=50)
    traffic.start()
    wait_until(lambda: traffic.total.ok > 20, SECONDS, "the pods answer")
    assert (traffic.total.errors, len(traffic.targets)) == (0, 3)
    containers = [{"name": "shop", "image": "shop:1.1"}]
    patch = {"spec": {"template": {"spec": {"containers": [{**SHOP, **containers[0]}]}}}}
    cluster.api.merge_patch(f"{path}/shop", patch)
    wait_for_rollout(cluster, namespace)
    wait_until(lambda: traffic.recent(2).errors > 5, SECONDS, "the bad release answers 5xx")
    wait_until(lambda: len(pods(cluster, namespace)) == 3, SECONDS, "the old pods are gone")
    traffic.stop()
    assert traffic.total.failed == 0
    assert len({pod["status"]["podIP"] for pod in pods(cluster, namespace)}) == 3


def wait_for_rollout(cluster: Cluster, namespace: str) -> None:
    def is_complete() -> bool:
        found = cluster.find("deployments", namespace, "shop", "apps/v1") or {}
        status, replicas = found["status"], found["spec"]["replicas"]
        counts = [status.get(field, 0) for field in ("replicas", "updatedReplicas", "availableReplicas")]
        return status.get("observedGeneration") == found["metadata"]["generation"] and counts == [replicas] * 3

    wait_until(is_complete, SECONDS, "the rollout is complete")


def pods(cluster: Cluster, namespace: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cluster.api.get(object_path("v1", "pods", namespace))["items"]
    return found


def test_a_crashing_release_backs_off(cluster: Cluster, namespace: str) -> None:
    cluster.run(namespace, "crash", {"image": "shop:1.3", "terminationMessagePolicy": "FallbackToLogsOnError"})

    def backs_off(status: dict[str, Any]) -> bool:
        entry = first_container(status)
        is_waiting = entry.get("state", {}).get("waiting", {}).get("reason") == "CrashLoopBackOff"
        return is_waiting and int(entry["restartCount"]) >= 2

    status = cluster.wait_for(namespace, "crash", backs_off, "it backs off after two restarts")
    assert status["phase"] == "Running"
    entry = first_container(status)
    ended = entry["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (1, "Error")
    assert ended["message"].startswith("shop 1.3: cannot read the price list")
    assert cluster.log(namespace, "crash", "c.previous.log") == cluster.log(namespace, "crash")


def test_an_unknown_image_is_told(cluster: Cluster, namespace: str) -> None:
    cluster.run(namespace, "typo", {"image": "registry.example/shop:9.9"})

    def reason(status: dict[str, Any]) -> str:
        waiting = first_container(status).get("state", {}).get("waiting", {})
        return str(waiting.get("reason"))

    cluster.wait_for(namespace, "typo", lambda s: reason(s) == "ErrImagePull", "ErrImagePull")
    status = cluster.wait_for(namespace, "typo", lambda s: reason(s) == "ImagePullBackOff", "ImagePullBackOff")
    assert status["phase"] == "Pending"


def test_the_in_cluster_configuration_works(cluster: Cluster, namespace: str) -> None:
    program = (
        "import json, os; from receiver.cluster.api import Api; "
        "review = {'apiVersion': 'authentication.k8s.io/v1', 'kind': 'SelfSubjectReview'}; "
        "answer = Api.connect().create('/apis/authentication.k8s.io/v1/selfsubjectreviews', review); "
        "print(json.dumps([answer['status']['userInfo'], os.getuid(), os.getcwd()]))"
    )
    cluster.run(
        namespace,
        "me",
        {"image": "ghcr.io/metricops/metricops:0.1.0", "command": ["python", "-c", program]},
        restartPolicy="Never",
        securityContext={"runAsNonRoot": True},
    )
    cluster.wait_for(namespace, "me", lambda s: s.get("phase") in ("Succeeded", "Failed"), "it ended")
    text = cluster.log(namespace, "me")
    assert cluster.status(namespace, "me")["phase"] == "Succeeded", text
    user, uid, folder = json.loads(text)
    assert user["username"] == f"system:serviceaccount:{namespace}:default"
    assert user["extra"]["authentication.kubernetes.io/pod-name"] == ["me"]
    assert (uid, folder) == (65532, "/app")


def test_volumes_and_their_changes(cluster: Cluster, namespace: str) -> None:
    script = (
        "cat /config/a /secret/token /info/labels; until grep -q new /config/a; do sleep 0.1; done; echo; cat /config/*"
    )
    volumes = [
        {"name": "config", "configMap": {"name": "late"}},
        {"name": "secret", "secret": {"secretName": "keys", "items": [{"key": "k", "path": "token"}]}},
        {
            "name": "info",
            "downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.name"}}]},
        },
    ]
    mounts = [{"name": volume["name"], "mountPath": f"/{volume['name']}"} for volume in volumes]
    cluster.api.create(
        object_path("v1", "secrets", namespace), {"metadata": {"name": "keys"}, "stringData": {"k": "s3cret-"}}
    )
    cluster.run(
        namespace,
        "files",
        {"command": ["sh", "-c", script], "volumeMounts": mounts},
        volumes=volumes,
        restartPolicy="Never",
    )

    def told() -> bool:
        events = cluster.api.get(object_path("v1", "events", namespace))["items"]
        return any('configmap "late" not found' in event["message"] for event in events)

    wait_until(told, SECONDS, "an Event tells of the missing ConfigMap")
    assert cluster.container(namespace, "files")["state"] == {"waiting": {"reason": "ContainerCreating"}}
    path = object_path("v1", "configmaps", namespace)
    cluster.api.create(path, {"metadata": {"name": "late"}, "data": {"a": "old-"}})
    wait_until(lambda: cluster.log(namespace, "files") == "old-s3cret-files", SECONDS, "the container sees its files")
    cluster.api.merge_patch(f"{path}/late", {"data": {"a": "new-", "b": "more"}})
    cluster.wait_for(namespace, "files", lambda s: s.get("phase") == "Succeeded", "it has seen the change")
    assert cluster.log(namespace, "files") == "old-s3cret-files\nnew-more"


def test_init_containers_come_first_and_in_order(cluster: Cluster, namespace: str) -> None:
    mounts = [{"name": "shared", "mountPath": "/shared"}]
    inits = [
        {
            "name": f"i{n}",
            "image": "shop:1.0",
            "command": ["sh", "-c", f"echo {n} >> /shared/f"],
            "volumeMounts": mounts,
        }
        for n in (1, 2)
    ]
    cluster.run(
        namespace,
        "ordered",
        {"command": ["cat", "/shared/f"], "volumeMounts": mounts},
        initContainers=inits,
        volumes=[{"name": "shared", "emptyDir": {}}],
        restartPolicy="Never",
    )
    cluster.wait_for(namespace, "ordered", lambda s: s.get("phase") == "Succeeded", "it ended well")
    assert cluster.log(namespace, "ordered") == "1\n2\n"


def test_a_missing_variable_keeps_the_container_from_starting(cluster: Cluster, namespace: str) -> None:
    cluster.run(namespace, "unset", {"envFrom": [{"configMapRef": {"name": "none"}}]})
    status = cluster.wait_for(namespace, "unset", lambda s: s.get("containerStatuses"), "it has a status")
    waiting = status["containerStatuses"][0]["state"]["waiting"]
    assert waiting == {"reason": "CreateContainerConfigError", "message": "configmap 'none' not found"}


@pytest.mark.parametrize("kind", ["livenessProbe", "startupProbe"])
def test_a_container_that_is_not_well_is_restarted(cluster: Cluster, namespace: str, kind: str) -> None:
    name = kind.lower()
    probe = {"exec": {"command": ["test", "-e", "/never"]}, "periodSeconds": 1, "failureThreshold": 2}
    cluster.run(namespace, name, {"image": "registry.k8s.io/pause:3.10", kind: probe})
    cluster.wait_for(namespace, name, lambda s: first_container(s).get("restartCount"), "it was restarted")


def test_deletion_gives_time_to_end_and_then_does_not_wait(cluster: Cluster, namespace: str) -> None:
    polite = "trap 'echo bye; exit 0' TERM; echo up; sleep 600 & wait"
    stubborn = "trap '' TERM; echo up; sleep 600 & wait"
    for name, script in (("polite", polite), ("stubborn", stubborn)):
        cluster.run(namespace, name, {"command": ["sh", "-c", script]})
    hook = {"preStop": {"sleep": {"seconds": 1}}}
    cluster.run(
        namespace, "hooked", {"command": ["sh", "-c", polite], "lifecycle": hook}, terminationGracePeriodSeconds=9
    )
    taken = {}
    for name in ("polite", "stubborn", "hooked"):
        wait_until(lambda name=name: cluster.log(namespace, name) == "up\n", SECONDS, f"{name} is up")  # type: ignore[misc]
        began = time.monotonic()
        cluster.api.delete(object_path("v1", "pods", namespace, name))
        wait_until(lambda name=name: not cluster.status(namespace, name), SECONDS, f"{name} is gone")  # type: ignore[misc]
        taken[name] = time.monotonic() - began
    assert taken["polite"] < 1
    assert 2 <= taken["stubborn"] < 3
    assert 1 <= taken["hooked"] < 2
    assert cluster.log(namespace, "polite") == cluster.log(namespace, "hooked") == "up\nbye\n"
    assert processes_of("sleep 600") == []


def test_a_forced_deletion_ends_the_process_at_once(cluster: Cluster, namespace: str) -> None:
    cluster.run(namespace, "held", {"command": ["sh", "-c", "trap '' TERM; echo up; sleep 601 & wait"]})
    wait_until(lambda: cluster.log(namespace, "held") == "up\n", SECONDS, "it is up")
    cluster.api.delete(object_path("v1", "pods", namespace, "held"), gracePeriodSeconds="0")
    wait_until(lambda: not processes_of("sleep 601"), 2, "its process is gone")


def test_a_node_that_was_killed_takes_its_pods_up_again(cluster: Cluster, namespace: str) -> None:
    container = {key: value for key, value in SHOP.items() if key != "name"}
    cluster.run(namespace, "kept", container)
    before = cluster.wait_for(namespace, "kept", is_ready, "it is Ready")
    cluster.node.kill()
    wait_until(lambda: not processes_of(before["podIP"]), 2, "its process died with the node")
    cluster.node = cluster.start_node()
    after = cluster.wait_for(
        namespace, "kept", lambda s: is_ready(s) and s["containerStatuses"][0]["restartCount"] == 1, "it is back"
    )
    assert after["podIP"] == before["podIP"]


def test_a_node_that_goes_leaves_nothing_behind(cluster: Cluster, namespace: str) -> None:
    cluster.run(namespace, "left", {"command": ["sh", "-c", "trap '' TERM; sleep 602 & wait"]})
    wait_until(lambda: bool(processes_of("sleep 602")), SECONDS, "it runs")
    assert cluster.node.stop(15) == 0
    assert processes_of("sleep 602") == []
    assert cluster.api.get("/api/v1/nodes")["items"] == []
    assert cluster.find("pods", namespace, "left") is None
    cluster.node = cluster.start_node()


def processes_of(text: str) -> list[str]:
    """The running processes with this text in their command line or environment (not this one)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            lines = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
        except OSError:
            continue
        words = b"\0".join(lines).replace(b"\0", b" ").decode(errors="replace")
        if text in words:
            found.append(words[:200])
    return found
