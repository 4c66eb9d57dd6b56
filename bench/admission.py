"""(f) What the admission webhook adds to a deploy: the same writes beside each other, with it and without."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor

from bench.figures import Figure, Goal, median, percentile, spread
from receiver.cluster.api import Api, object_path
from receiver.names import MODE_LABEL, RELEASE_ANNOTATION
from sandbox.cache import Progress, run_folder
from sandbox.cluster import ControlPlane
from sandbox.process import wait_until
from sandbox.stamping import Stamping

PLAIN, STAMPED = "plain", "stamped"
DEPLOYS, QUICK_DEPLOYS = 300, 40
WRITERS = 8
MOST_ADDED_MS, MOST_ADDED_P99_MS = 10.0, 50.0
"""A deploy is not to feel it."""


def measure(say: Progress, *, quick: bool) -> list[Figure]:
    """Deploys one at a time, and by several writers at once; each is a create or an update of a Deployment."""
    folder, count = run_folder("bench-admission"), QUICK_DEPLOYS if quick else DEPLOYS
    try:
        with ControlPlane(progress=say, scheduler=False, controllers=False, folder=folder / "cluster") as plane:
            stamping = Stamping(plane, folder / "admission")
            try:
                stamping.register()
                api = plane.api()
                for namespace, labels in ((PLAIN, {}), (STAMPED, {MODE_LABEL: "enabled"})):
                    api.create("/api/v1/namespaces", {"metadata": {"name": namespace, "labels": labels}})
                wait_until(lambda: _is_stamped(_deploy(api, STAMPED, "first", 0)), 20, "releases are stamped")
                return [*_one_at_a_time(api, count), *_at_once(api, count)]
            finally:
                stamping.webhook.process.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _one_at_a_time(api: Api, count: int) -> list[Figure]:
    """Turn by turn, so that what else the machine does meets both alike."""
    seconds: dict[str, list[float]] = {PLAIN: [], STAMPED: []}
    for number in range(count):
        for namespace, taken in seconds.items():
            began = time.perf_counter()
            _deploy(api, namespace, f"shop-{number // 2}", number % 2)
            taken.append(time.perf_counter() - began)
    with_it, without = ([1000 * each for each in seconds[namespace]] for namespace in (STAMPED, PLAIN))
    note = f"{count} deploys each: with it {spread(with_it)} ms, without {spread(without)} ms"
    details = {"stampedMs": with_it, "plainMs": without}
    added, added_p99 = median(with_it) - median(without), percentile(with_it, 0.99) - percentile(without, 0.99)
    return [
        Figure("f", "added to a deploy, median", added, "ms", Goal(MOST_ADDED_MS), note, details),
        Figure("f", "added to a deploy, p99", added_p99, "ms", Goal(MOST_ADDED_P99_MS), note),
        Figure("f", "a deploy's time with it / without", median(with_it) / median(without), "×", note=note),
    ]


def _at_once(api: Api, count: int) -> list[Figure]:
    """Several writers, each with workloads of its own."""
    rates: dict[str, float] = {}
    for namespace in (PLAIN, STAMPED):

        def deploys(writer: int, namespace: str = namespace) -> None:
            for number in range(count // WRITERS * 2):
                _deploy(api, namespace, f"many-{writer}-{number // 2}", number % 2)

        began = time.perf_counter()
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(deploys, range(WRITERS)))
        rates[namespace] = count // WRITERS * 2 * WRITERS / (time.perf_counter() - began)
    note = f"{WRITERS} writers: {rates[STAMPED]:.0f} deploys/s with it, {rates[PLAIN]:.0f} without"
    return [
        Figure("f", "deploys/s of several writers, with it / without", rates[STAMPED] / rates[PLAIN], "×", note=note)
    ]


def _deploy(api: Api, namespace: str, name: str, update: int) -> dict[str, object]:
    """Create a Deployment, or release another image of it."""
    container = {"name": "main", "image": f"shop:{update + 1}"}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    path = object_path("apps/v1", "deployments", namespace)
    if update:
        return api.merge_patch(f"{path}/{name}", {"spec": {"template": template}})
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    metadata = {"name": name, "namespace": namespace}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
    return api.apply(f"{path}/{name}", body, field_manager="bench")


def _is_stamped(deployment: dict[str, object]) -> bool:
    metadata = deployment["metadata"]
    return isinstance(metadata, dict) and RELEASE_ANNOTATION in (metadata.get("annotations") or {})
