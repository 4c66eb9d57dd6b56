"""A thousand releases at once: each goes through, and each has its stamp."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from receiver.cluster.api import Api
from receiver.decision.templates import template_hash
from sandbox.admission import AdmissionProcess
from tests.service.admission.workloads import certain, create, manifest, path, stamp_of

WORKLOADS = 250
"""Each is created and updated three times."""
WRITERS = 8


def test_none_is_lost(api: Api, namespace: str, webhook: AdmissionProcess) -> None:
    def releases(number: int) -> list[str]:
        """Create one, update it, and say which stamps it had."""
        name, at = f"shop-{number}", path(namespace, f"shop-{number}")
        # Paused, so that the controller makes no ReplicaSet of each.
        written = [create(api, manifest(namespace, name=name, paused=True))]
        for image in ("shop:2", "shop:3", "shop:4"):
            containers = [{"name": "main", "image": image}]
            written.append(api.merge_patch(at, {"spec": {"template": {"spec": {"containers": containers}}}}))
        for item in written:
            assert certain(stamp_of(item)).template_hash == template_hash(item["spec"]["template"]), name
        return [certain(stamp_of(item)).images["main"] for item in written]

    with ThreadPoolExecutor(WRITERS) as pool:
        images = list(pool.map(releases, range(WORKLOADS)))
    assert images == [["shop:1", "shop:2", "shop:3", "shop:4"]] * WORKLOADS
    assert "metricops_admission_requests_total" in webhook.get("/metrics").decode()
