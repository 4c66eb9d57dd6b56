"""The webhook beside a real API server: what it writes is what the receiver reads."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from admission.app import PATH
from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from receiver.decision.templates import template_hash
from receiver.decision.values import Interval, WorkloadRef
from receiver.workloads.registry import KINDS as READERS
from sandbox.admission import AdmissionProcess
from sandbox.cluster import ControlPlane
from sandbox.process import wait_until
from tests.service.admission.workloads import (
    KINDS,
    RELEASE,
    certain,
    create,
    kubectl,
    manifest,
    path,
    stamp_of,
)

pytestmark = pytest.mark.usefixtures("webhook")

RICH: dict[str, Any] = {
    "initContainers": [{"name": "prepare", "image": "tools", "resources": {"limits": {"cpu": "1000m"}}}],
    "containers": [
        {
            "name": "main",
            "image": "registry.example.com/shop:1.4@sha256:" + "0" * 64,
            "env": [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
            "ports": [{"containerPort": 80}],
            "readinessProbe": {"httpGet": {"port": 80}},
            "lifecycle": {"preStop": {"sleep": {"seconds": 1}}},
            "resources": {"requests": {"memory": "1024Mi"}},
        }
    ],
    "volumes": [
        {"name": "a", "emptyDir": {}},
        {"name": "b", "secret": {"secretName": "s"}},
        {"name": "c", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
        {"name": "d", "hostPath": {"path": "/d"}},
    ],
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "x", "whenUnsatisfiable": "DoNotSchedule"}],
    "serviceAccount": "default",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_release_is_stamped_with_what_the_receiver_reads(api: Api, namespace: str, kind: str) -> None:
    """The template that the webhook sees has its defaults already, and so has the one that is stored."""
    began = datetime.now(UTC)
    create(api, manifest(namespace, kind=kind, template=RICH))
    at = path(namespace, kind=kind)
    first = api.get(at)
    stamp = certain(stamp_of(first))
    assert stamp.template_hash == template_hash(first["spec"]["template"])
    assert began <= at_a_time(stamp.rollout_began) <= datetime.now(UTC)
    assert stamp.who == "admin"
    assert stamp.images == {"prepare": "tools", "main": RICH["containers"][0]["image"]}

    second = certain(stamp_of(api.merge_patch(at, {"spec": {"template": {"spec": {"dnsPolicy": "Default"}}}})))
    assert second.template_hash not in ("", stamp.template_hash)
    assert at_a_time(second.rollout_began) > at_a_time(stamp.rollout_began)

    ref = WorkloadRef(kind, namespace, "shop")

    def current_hash() -> str:
        workload = READERS[kind].read(api, ref, datetime.now(UTC))
        return workload.current.template_hash if workload and workload.current else ""

    wait_until(lambda: current_hash() == second.template_hash, 20, "the controller has made the revision")
    workload = READERS[kind].read(api, ref, datetime.now(UTC))
    assert workload is not None
    if workload.rollout_began is not None:  # A StatefulSet's and a DaemonSet's begins with their first new pod.
        exact = at_a_time(second.rollout_began)
        assert workload.rollout_began == Interval(exact, exact)
    else:
        assert kind != "Deployment"


def at_a_time(moment: datetime | None) -> datetime:
    assert moment is not None
    return moment


@pytest.mark.parametrize("way", ["client-side", "server-side"])
def test_applying_the_same_again_changes_nothing(plane: ControlPlane, api: Api, namespace: str, way: str) -> None:
    item = manifest(namespace, kind="DaemonSet", template=RICH)
    command = ("apply", f"--server-side={str(way == 'server-side').lower()}", "-f", "-")
    kubectl(plane, *command, stdin=item)
    at = path(namespace, kind="DaemonSet")
    wait_until(lambda: "observedGeneration" in (api.get(at).get("status") or {}), 20, "the controller has seen it")
    first = api.get(at)
    kubectl(plane, *command, stdin=item)
    assert api.get(at) == first
    assert certain(stamp_of(first)).rollout_began is not None


class TestWhatIsNoRelease:
    def released(self, api: Api, namespace: str, kind: str = "Deployment") -> JsonObject:
        create(api, manifest(namespace, kind=kind))
        return api.get(path(namespace, kind=kind))

    @pytest.mark.parametrize("sent", [None, '{"templateHash":"x","rolloutBegan":"2020-01-01T00:00:00Z"}'])
    def test_a_put_keeps_the_stamp(self, api: Api, namespace: str, sent: str | None) -> None:
        first = self.released(api, namespace, "StatefulSet")
        item = copy.deepcopy(first)
        del item["metadata"]["resourceVersion"]
        item["metadata"]["annotations"] = {} if sent is None else {RELEASE: sent}
        item["spec"]["minReadySeconds"] = 7
        after = api.replace(path(namespace, kind="StatefulSet"), item)
        assert after["spec"]["minReadySeconds"] == 7
        assert stamp_of(after) == stamp_of(first)
        assert certain(stamp_of(first)).template_hash

    def test_scaling_and_status_pass_by(self, api: Api, namespace: str, webhook: AdmissionProcess) -> None:
        stamp = stamp_of(self.released(api, namespace))
        before = asked(webhook)
        at = path(namespace)
        api.merge_patch(f"{at}/scale", {"spec": {"replicas": 3}})
        api.merge_patch(f"{at}/status", {"status": {"observedGeneration": 9}})
        assert asked(webhook) == before
        after = api.merge_patch(at, {"spec": {"replicas": 0}})
        assert asked(webhook) > before
        assert stamp_of(after) == stamp == certain(stamp)

    def test_a_dry_run_leaves_nothing_behind(self, api: Api, namespace: str) -> None:
        first = self.released(api, namespace)
        body = {"spec": {"template": {"metadata": {"labels": {"more": "x"}}}}}
        told = api.merge_patch(path(namespace), body, dryRun="All")
        assert certain(stamp_of(told)).template_hash != certain(stamp_of(first)).template_hash
        assert stamp_of(api.get(path(namespace))) == stamp_of(first)
        create(api, manifest(namespace, name="other"), dryRun="All")
        assert len(api.get(object_path("apps/v1", "deployments", namespace))["items"]) == 1


def asked(webhook: AdmissionProcess) -> float:
    """How often it was asked about Deployments."""
    lines = webhook.get("/metrics").decode().splitlines()
    name = 'metricops_admission_requests_total{kind="Deployment"'
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


class TestWhoTakesPart:
    def namespace(self, api: Api, name: str, mode: str | None) -> str:
        labels = {} if mode is None else {"metricops.dev/rollback": mode}
        api.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        return name

    @pytest.mark.parametrize(
        ("of_namespace", "of_workload", "stamped"),
        [
            (None, None, False),
            (None, "dry-run", True),
            ("paused", None, True),
            ("disabled", "enabled", False),
            (None, "disabled", False),
        ],
    )
    def test_by_the_label(self, api: Api, of_namespace: str | None, of_workload: str | None, stamped: bool) -> None:
        namespace = self.namespace(api, f"part-{of_namespace}-{of_workload}".lower(), of_namespace)
        labels = {} if of_workload is None else {"metricops.dev/rollback": of_workload}
        item = create(api, manifest(namespace, metadata={"labels": labels}))
        assert (stamp_of(item) is not None) is stamped

    def test_our_own_namespace_does_not(self, api: Api) -> None:
        labels = {"metricops.dev/rollback": "enabled"}
        assert stamp_of(create(api, manifest("metricops-system", metadata={"labels": labels}))) is None


def test_kubectl_shows_the_warnings(plane: ControlPlane, namespace: str) -> None:
    metadata = {"annotations": {"metricops.dev/cooldown": "so\non"}}
    item = manifest(namespace, "shop:latest", metadata=metadata, revisionHistoryLimit=0)
    said = kubectl(plane, "apply", "-f", "-", stdin=item)
    assert said.lines == ["deployment.apps/shop created"]
    assert said.warnings == [
        "metricops: deployment/shop in "
        f"{namespace}: annotation metricops.dev/cooldown: found 'so\\non', expected a duration such as 5m or 1h30m",
        "metricops: deployment/shop: revisionHistoryLimit is 0: no revision is kept that an undo could bring back",
        "metricops: deployment/shop: container main: image shop:latest has no fixed tag: "
        "an undo may give the same image back",
    ]


def test_a_rule_that_cannot_be_used_is_refused_where_the_namespace_says_so(plane: ControlPlane, api: Api) -> None:
    namespace = "refuses"
    labels = {"metricops.dev/rollback": "enabled", "metricops.dev/rules": "enabled"}
    metadata = {"name": namespace, "labels": labels, "annotations": {"metricops.dev/invalid-rule": "refuse"}}
    api.create("/api/v1/namespaces", {"metadata": metadata})
    item = manifest(namespace, metadata={"annotations": {"metricops.dev/rule": "rate(http_request_total[5m)"}})
    refusals: list[ApiError] = []

    def is_refused() -> bool:
        try:
            create(api, item, dryRun="All")
        except ApiError as error:
            refusals.append(error)
        return bool(refusals)

    wait_until(is_refused, 20, "the webhook knows the namespace, and refuses")
    assert refusals[0].status == 422
    assert "metricops: deployment/shop: annotation metricops.dev/rule:1: " in refusals[0].message
    item["metadata"]["annotations"] = {"metricops.dev/rule": "sum(rate(http_request_total[5m])) > 9"}
    assert kubectl(plane, "apply", "-f", "-", stdin=item).lines == ["deployment.apps/shop created"]


def test_what_is_no_review_is_refused_without_harm(webhook: AdmissionProcess) -> None:
    assert webhook.post(PATH, b"[]").status == 400
    assert webhook.get("/healthz") == b'{"status":"ok"}\n'
