"""What manifests/base has for the receiver, without the receiver itself, in a cluster of the sandbox's or another."""

from __future__ import annotations

from pathlib import Path

import yaml

from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from sandbox.process import wait_until

BASE = Path(__file__).parents[1] / "manifests/base"
INSTALLED = ("crd.yaml", "namespace.yaml", "rbac.yaml", "people.yaml", "control.yaml", "budget.yaml")
PLURALS = {
    "CustomResourceDefinition": "customresourcedefinitions",
    "Namespace": "namespaces",
    "ServiceAccount": "serviceaccounts",
    "ClusterRole": "clusterroles",
    "ClusterRoleBinding": "clusterrolebindings",
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "ConfigMap": "configmaps",
    "MutatingWebhookConfiguration": "mutatingwebhookconfigurations",
    "NetworkPolicy": "networkpolicies",
}
TOKEN_SECONDS = 7200


def shipped_objects() -> list[JsonObject]:
    """The manifests; the CRD first."""
    return [item for file in INSTALLED for item in yaml.safe_load_all((BASE / file).read_text())]


def path_of(item: JsonObject) -> str:
    """Where the API server has a shipped object."""
    metadata = item["metadata"]
    return object_path(item["apiVersion"], PLURALS[item["kind"]], metadata.get("namespace"), metadata["name"])


def install(api: Api, items: list[JsonObject], *, manager: str) -> None:
    """Write them, and wait until the API server serves Rollbacks."""
    for item in items:
        api.apply(path_of(item), item, field_manager=manager)
    crd = path_of(items[0])
    wait_until(lambda: is_established(api.get(crd)), 30, "the CRD is established")
    wait_until(lambda: exists(api, object_path(names.API_VERSION, names.ROLLBACKS)), 30, "rollbacks are served")


def receiver_token(api: Api, namespace: str = names.DEFAULT_NAMESPACE) -> str:
    """A token of the shipped service account; `namespace` is where it was installed."""
    return account_token(api, namespace, "metricops-receiver")


def account_token(api: Api, namespace: str, name: str, *, seconds: int = TOKEN_SECONDS) -> str:
    """A token of a service account, for so many seconds."""
    account = object_path("v1", "serviceaccounts", namespace, name, "token")
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": seconds},
    }
    return str(api.create(account, request)["status"]["token"])


def exists(api: Api, object_at: str) -> bool:
    """Whether the API server has an object, or serves a resource, at this path."""
    try:
        api.get(object_at)
    except ApiError as error:
        if error.status == 404 or error.is_transient:  # A new CRD answers 429 for a moment.
            return False
        raise
    return True


def is_established(crd: JsonObject) -> bool:
    """Whether the API server has taken a CRD's names and serves its objects."""
    conditions = (crd.get("status") or {}).get("conditions") or []
    return any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions)
