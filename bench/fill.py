"""A great cluster: ten thousand Deployments with three ReplicaSets each, written directly and in parallel."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any

from bench.workloads import MANAGER, REVISION, deployment, make_namespace, template
from receiver.cluster.api import Api, JsonObject, object_path
from sandbox.cache import Progress

REVISIONS = 3
PER_NAMESPACE = 100
PROCESSES = 3
MOST_SECONDS = 480


def namespace_of(number: int) -> str:
    """Where the workload of this number is."""
    return f"team-{number // PER_NAMESPACE:03}"


def name_of(number: int) -> str:
    """What the workload of this number is called."""
    return f"service-{number:05}"


def fill(kubeconfig: str, workloads: int, progress: Progress) -> float:
    """Write them; returns how many seconds that took. Raises `TimeoutError` where it takes too long."""
    began = time.monotonic()
    chunks = [range(start, min(start + PER_NAMESPACE, workloads)) for start in range(0, workloads, PER_NAMESPACE)]
    told = began
    # Not forked: a copy of this process would hold its connections and locks.
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        pending = [pool.submit(fill_namespace, kubeconfig, chunk) for chunk in chunks]
        for done, future in enumerate(as_completed(pending), start=1):
            future.result()
            now = time.monotonic()
            if now - told >= 8 or done == len(pending):
                told = now
                written = done * PER_NAMESPACE
                progress(f"{written:,} Deployments and {REVISIONS * written:,} ReplicaSets in {now - began:.0f} s")
            if now - began > MOST_SECONDS:
                pool.shutdown(cancel_futures=True)
                raise TimeoutError(f"not within {MOST_SECONDS:g} s: {workloads} workloads are written")
    return time.monotonic() - began


def fill_namespace(kubeconfig: str, numbers: range) -> None:
    """One namespace with its workloads; run in a process of its own."""
    api = Api.connect(kubeconfig, user_agent="bench-fill")
    namespace = namespace_of(numbers[0])
    make_namespace(api, namespace)
    deployments = object_path("apps/v1", "deployments", namespace)
    replica_sets = object_path("apps/v1", "replicasets", namespace)
    for number in numbers:
        name = name_of(number)
        body = deployment(namespace, name, f"v{REVISIONS}")
        body["metadata"]["annotations"] = {REVISION: str(REVISIONS)}
        owner = api.create(deployments, body, fieldManager=MANAGER)
        for revision in range(1, REVISIONS + 1):
            api.create(replica_sets, _replica_set(owner, revision), fieldManager="kube-controller-manager")


def _replica_set(owner: JsonObject, revision: int) -> JsonObject:
    """As the controller would have made it, of a release whose Pods have gone."""
    namespace, name, uid = (owner["metadata"][key] for key in ("namespace", "name", "uid"))
    pods_hash = f"{revision:010}"
    body: dict[str, Any] = template(name, f"v{revision}")
    labels = {**body["metadata"]["labels"], "pod-template-hash": pods_hash}
    body["metadata"]["labels"] = labels
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": uid}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "namespace": namespace,
            "name": f"{name}-{pods_hash}",
            "labels": labels,
            "annotations": {REVISION: str(revision), "deployment.kubernetes.io/desired-replicas": "0"},
            "ownerReferences": [{**reference, "controller": True, "blockOwnerDeletion": True}],
        },
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": body},
    }
