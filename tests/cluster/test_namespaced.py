"""manifests/namespaced: a receiver without a right outside its namespace, and without one in it that it never uses."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from receiver.decision.phases import Phase
from receiver.workloads.registry import KINDS
from sandbox.audit import accepted_undos
from sandbox.kubeconfig import with_token
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for
from sandbox.shipped import BASE, path_of, receiver_token
from tests.cluster.conftest import Cluster
from tests.cluster.test_rbac import NEEDED
from tests.cluster.workloads import deploy, path, phase, records, version_of, wait_for_phase
from tests.granted import granted

VARIANT = BASE.parent / "namespaced"
RUNS_AS_A_PROCESS_HERE = ("Deployment", "Service")
FOR_ALL_NAMESPACES = {("list", "", "namespaces", ""), ("watch", "", "namespaces", "")}
NOT_IN_A_PLAIN_UNDO = {
    ("get", "metricops.dev", "rollbacks"),  # where another receiver has moved the record: test_races.py
    ("delete", "metricops.dev", "rollbacks"),  # a month later: test_pruning.py
    ("get", "", "serviceaccounts"),  # where the target names one: test_target_needs.py
    ("get", "", "persistentvolumeclaims"),  # likewise
}
UNDONE = (Phase.ROLLED_BACK, Phase.RECOVERED)


@dataclass(frozen=True)
class Installed:
    """The variant in a namespace of the test's own."""

    namespace: str
    objects: list[JsonObject]
    kubeconfig: Path

    @property
    def account(self) -> str:
        """The receiver's user name."""
        return f"system:serviceaccount:{self.namespace}:metricops-receiver"

    @property
    def settings(self) -> dict[str, str]:
        """What the variant's Deployment takes from its Pod."""
        return {"namespace": self.namespace, "watch_namespace": self.namespace}


def rendered(kubectl: Path, folder: Path, namespace: str) -> list[JsonObject]:
    """The variant as an overlay of a user's own has it, which sets the namespace."""
    variant = os.path.relpath(VARIANT, folder.resolve())
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({"namespace": namespace, "resources": [variant]}))
    text = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=True).stdout
    return list(yaml.safe_load_all(text))


@pytest.fixture
def installed(cluster: Cluster, api: Api, namespace: str, kubectl: Path, tmp_path: Path) -> Installed:
    folder = tmp_path / "overlay"
    folder.mkdir()
    objects = rendered(kubectl, folder, namespace)
    for item in objects:
        if item["kind"] not in RUNS_AS_A_PROCESS_HERE:
            api.apply(path_of(item), item, field_manager="tests")
    token = receiver_token(api, namespace)
    return Installed(namespace, objects, with_token(cluster.kubeconfig, token, tmp_path / "namespaced.kubeconfig"))


def granted_by_bound_roles(objects: list[JsonObject]) -> set[tuple[str, str, str, str]]:
    """What the receiver's Roles say."""
    bound = {item["roleRef"]["name"] for item in objects if item["kind"] == "RoleBinding"}
    return granted(item for item in objects if item["kind"] == "Role" and item["metadata"]["name"] in bound)


def used(events: list[dict[str, Any]], account: str) -> set[tuple[str, str, str]]:
    """What an account asked of the API server and was given: verb, group, resource."""
    found = set()
    for event in events:
        at = event.get("objectRef") or {}
        if event["user"]["username"] == account and event["responseStatus"]["code"] < 400 and at.get("resource"):
            resource = "/".join(filter(None, (at["resource"], at.get("subresource"))))
            found.add((event["verb"], at.get("apiGroup", ""), resource))
    return found


def test_there_is_nothing_of_the_whole_cluster(installed: Installed) -> None:
    kinds = {item["kind"] for item in installed.objects}
    assert kinds == {"ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Service", "Deployment", "NetworkPolicy"}
    assert {item["metadata"]["namespace"] for item in installed.objects} == {installed.namespace}
    assert {
        (binding["roleRef"]["kind"], subject["namespace"])
        for binding in installed.objects
        if binding["kind"] == "RoleBinding"
        for subject in binding["subjects"]
    } == {("Role", installed.namespace)}
    (deployment,) = (item for item in installed.objects if item["kind"] == "Deployment")
    environment = {entry["name"]: entry for entry in deployment["spec"]["template"]["spec"]["containers"][0]["env"]}
    for name in ("METRICOPS_NAMESPACE", "METRICOPS_WATCH_NAMESPACE"):
        assert environment[name]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.namespace"


def test_it_undoes_with_what_it_is_granted_and_uses_all_of_it(
    cluster: Cluster, api: Api, installed: Installed, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    receiver = start_receiver(kubeconfig=installed.kubeconfig, **installed.settings)
    namespace = installed.namespace
    for kind in KINDS:
        deploy(api, namespace, "shop", "one", kind=kind)
        # A StatefulSet whose pods are broken does not move before they are deleted.
        broken = kind == "StatefulSet"
        deploy(api, namespace, "shop", "broken" if broken else "two", kind=kind, wait=not broken)
    for kind in KINDS:
        wait_until(
            lambda kind=kind: (
                receiver.deliver(alert_for(namespace, "shop", kind=kind))[1]["alerts"][0]["reason"]  # type: ignore[misc]
                in ("undo", "already-claimed")
            ),
            20,
            f"the {kind}'s alert is claimed",
        )
    wait_until(
        lambda: [phase(record) in UNDONE for record in records(api, namespace)] == [True] * len(KINDS),
        90,
        f"all are undone: {records(api, namespace)}",
    )
    assert [version_of(api.get(path(namespace, "shop", kind))) for kind in KINDS] == ["one"] * len(KINDS)
    assert len(receiver.listed("workloads")["items"]) == len(KINDS)
    assert receiver.forbidden() == []

    assert granted_by_bound_roles(installed.objects) == {needed[:4] for needed in NEEDED} - FOR_ALL_NAMESPACES
    events = cluster.audit_events()
    if events is not None:
        assert len(accepted_undos(events, namespace, account=installed.account)) == len(KINDS)
        rights = {right[:3] for right in granted_by_bound_roles(installed.objects)}
        assert used(events, installed.account) | NOT_IN_A_PLAIN_UNDO == rights, (
            "a right that nothing here has used: is it needed?"
        )


def test_it_reaches_nothing_else(
    api: Api, installed: Installed, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    account = Api.connect(str(installed.kubeconfig))
    for forbidden in (
        object_path("v1", "namespaces"),
        object_path("v1", "namespaces", name="default"),
        object_path("apps/v1", "deployments", "default", "shop"),
        object_path("apps/v1", "deployments"),
        object_path("apps/v1", "deployments", "default"),
        object_path("metricops.dev/v1", "rollbacks"),
        object_path("metricops.dev/v1", "rollbacks", "default"),
        object_path("v1", "configmaps", "metricops-system", "metricops-control"),
        object_path("v1", "secrets", installed.namespace, "metricops-token"),
    ):
        with pytest.raises(ApiError, match="403"):
            account.get(forbidden)

    receiver = start_receiver(kubeconfig=installed.kubeconfig, **installed.settings)
    assert receiver.decide(alert_for("default", "shop"))["reason"] == "not-watched"
    assert receiver.forbidden() == []


def test_it_cannot_change_a_spec(
    api: Api, installed: Installed, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    receiver = start_receiver(kubeconfig=installed.kubeconfig, **installed.settings)
    namespace = installed.namespace
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    receiver.decide(alert_for(namespace, "shop"))
    record = wait_for_phase(api, namespace, *UNDONE)
    at = object_path("metricops.dev/v1", "rollbacks", namespace, record["metadata"]["name"])
    account = Api.connect(str(installed.kubeconfig))
    approval = {"spec": {"approval": {"decision": "approve", "blamedHash": "a", "targetHash": "b"}}}
    with pytest.raises(ApiError, match="403"):
        account.merge_patch(at, approval)
    with pytest.raises(ApiError, match="403"):
        account.replace(at, {**record, **approval})
