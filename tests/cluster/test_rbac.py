"""The shipped rights: each one is needed, none is missing, none is too many."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from receiver.cluster.api import Api, ApiError, object_path
from receiver.names import DEFAULT_NAMESPACE
from sandbox.receiver_process import ReceiverProcess, alert_for
from sandbox.shipped import BASE
from tests.cluster.workloads import deploy, records, wait_for_phase
from tests.granted import granted

NEEDED = [
    # verb, group, resource, name, what breaks without it
    ("get", "apps", "deployments", "", "no workload can be read"),
    ("list", "apps", "deployments", "", "nobody is told which Deployments have opted in, and what ran when"),
    ("list", "apps", "statefulsets", "", "nobody is told which StatefulSets have opted in, and what ran when"),
    ("list", "apps", "daemonsets", "", "nobody is told which DaemonSets have opted in, and what ran when"),
    ("patch", "apps", "deployments", "", "no undo can be sent"),
    ("get", "apps", "statefulsets", "", "no StatefulSet can be read"),
    ("patch", "apps", "statefulsets", "", "no StatefulSet can be undone"),
    ("get", "apps", "daemonsets", "", "no DaemonSet can be read"),
    ("patch", "apps", "daemonsets", "", "no DaemonSet can be undone"),
    ("list", "apps", "replicasets", "", "no revision is known"),
    ("list", "apps", "controllerrevisions", "", "no revision of the other two kinds is known"),
    ("list", "", "pods", "", "no broken pod is found"),
    ("delete", "", "pods", "", "a StatefulSet with broken pods does not move"),
    ("get", "", "namespaces", "", "no namespace's opt-in can be read"),
    ("list", "", "namespaces", "", "no namespace is known without a request"),
    ("watch", "", "namespaces", "", "a namespace that opts out goes on unnoticed"),
    ("get", "", "configmaps", "", "no change of the target's configuration is seen"),
    ("get", "", "persistentvolumeclaims", "", "an undo leaves pods that wait for a volume for ever"),
    ("get", "", "serviceaccounts", "", "an undo leaves pods that may not be made for want of an account"),
    ("create", "metricops.dev", "rollbacks", "", "no claim can be made"),
    ("get", "metricops.dev", "rollbacks", "", "no claim can be worked on"),
    ("list", "metricops.dev", "rollbacks", "", "no earlier claim is found"),
    ("watch", "metricops.dev", "rollbacks", "", "an approval is noticed late"),
    ("delete", "metricops.dev", "rollbacks", "", "records pile up for ever"),
    ("patch", "metricops.dev", "rollbacks/status", "", "no phase can be written"),
    ("create", "events.k8s.io", "events", "", "nobody is told"),
    ("get", "", "configmaps", "metricops-control", "the stop switch can't be read, so everything is stopped"),
    ("list", "", "configmaps", "metricops-control", "the stop switch is not known at an alert"),
    ("watch", "", "configmaps", "metricops-control", "the stop switch is not known at an alert"),
    ("get", "", "configmaps", "metricops-budget", "no budget is known, so every undo is over it"),
    ("patch", "", "configmaps", "metricops-budget", "no undo can be counted, so every undo is over the budget"),
]
FORBIDDEN = [
    ("patch", "metricops.dev", "rollbacks", ""),
    ("update", "metricops.dev", "rollbacks", ""),
    ("update", "apps", "deployments", ""),
    ("delete", "apps", "deployments", ""),
    ("get", "", "secrets", "metricops-token"),
    ("list", "", "configmaps", ""),
    ("patch", "", "configmaps", "another"),
    ("get", "", "secrets", ""),
    ("create", "", "pods", ""),
    ("deletecollection", "", "pods", ""),
    ("delete", "apps", "controllerrevisions", ""),
]


def is_allowed(account: Api, verb: str, group: str, resource: str, name: str) -> bool:
    """Ask the API server itself (SelfSubjectAccessReview)."""
    main, _, subresource = resource.partition("/")
    attributes = {"verb": verb, "group": group, "resource": main, "subresource": subresource, "name": name}
    attributes["namespace"] = DEFAULT_NAMESPACE if main in ("configmaps", "secrets") else "default"
    if main == "namespaces":
        attributes |= {"namespace": "", "name": "default"}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = account.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
    return bool(answer["status"]["allowed"])


@pytest.fixture(scope="module")
def account(receiver_kubeconfig: Path) -> Api:
    return Api.connect(str(receiver_kubeconfig))


@pytest.mark.parametrize("needed", NEEDED, ids=[f"{n[0]} {n[2]}" for n in NEEDED])
def test_needed(account: Api, needed: tuple[str, str, str, str, str]) -> None:
    verb, group, resource, name, without = needed
    missing = f"missing in manifests/base/rbac.yaml: {verb} {resource}.{group} {name}: {without}"
    assert is_allowed(account, verb, group, resource, name), missing


@pytest.mark.parametrize(("verb", "group", "resource", "name"), FORBIDDEN, ids=[f"{n[0]} {n[2]}" for n in FORBIDDEN])
def test_forbidden(account: Api, verb: str, group: str, resource: str, name: str) -> None:
    assert not is_allowed(account, verb, group, resource, name)


def test_nothing_is_granted_that_is_not_needed(account: Api) -> None:
    rights = granted(yaml.safe_load_all((BASE / "rbac.yaml").read_text()))
    assert rights == {needed[:4] for needed in NEEDED}


def test_a_whole_rollback_meets_no_refusal(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    status, answer = receiver.deliver(alert_for(namespace, "shop"))
    assert receiver.forbidden() == [], f"the shipped RBAC lacks: {receiver.forbidden()}"
    assert status == 200, answer
    wait_for_phase(api, namespace, "RolledBack", "Recovered")
    assert receiver.forbidden() == [], f"the shipped RBAC lacks: {receiver.forbidden()}"


def test_nobody_changes_a_spec(api: Api, account: Api, namespace: str, receiver: ReceiverProcess) -> None:
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    receiver.decide(alert_for(namespace, "shop"))
    wait_for_phase(api, namespace, "RolledBack", "Recovered")
    name = records(api, namespace)[0]["metadata"]["name"]
    at = object_path("metricops.dev/v1", "rollbacks", namespace, name)
    with pytest.raises(ApiError, match="403"):
        account.merge_patch(at, {"spec": {"mode": "dry-run"}})
    with pytest.raises(ApiError, match="immutable"):
        api.merge_patch(at, {"spec": {"mode": "dry-run"}})
    with pytest.raises(ApiError, match="immutable"):
        api.merge_patch(at, {"spec": {"blamed": {"revision": 9}}})
    approval = {"decision": "approve", "blamedHash": "a", "targetHash": "b"}
    assert api.merge_patch(at, {"spec": {"approval": approval}})["spec"]["approval"] == approval
