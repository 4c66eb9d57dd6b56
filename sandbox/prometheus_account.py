"""The service account with which Prometheus finds Pods: it may do nothing else."""

from __future__ import annotations

import contextlib

from receiver.cluster.api import Api, ApiError, object_path
from sandbox.shipped import account_token

NAMESPACE = "monitoring"
ROLE = "sandbox-prometheus"
TOKEN_SECONDS = 24 * 3600


def prometheus_token(api: Api) -> str:
    """A token of the service account `prometheus`, which is made here with its rights."""
    manager = "sandbox"
    api.apply(
        object_path("v1", "namespaces", name=NAMESPACE),
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        field_manager=manager,
    )
    account = object_path("v1", "serviceaccounts", NAMESPACE, "prometheus")
    api.apply(
        account,
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "prometheus", "namespace": NAMESPACE}},
        field_manager=manager,
    )
    rbac = "rbac.authorization.k8s.io/v1"
    api.apply(
        object_path(rbac, "clusterroles", name=ROLE),
        {
            "apiVersion": rbac,
            "kind": "ClusterRole",
            "metadata": {"name": ROLE},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}],
        },
        field_manager=manager,
    )
    api.apply(
        object_path(rbac, "clusterrolebindings", name=ROLE),
        {
            "apiVersion": rbac,
            "kind": "ClusterRoleBinding",
            "metadata": {"name": ROLE},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ROLE},
            "subjects": [{"kind": "ServiceAccount", "name": "prometheus", "namespace": NAMESPACE}],
        },
        field_manager=manager,
    )
    return account_token(api, NAMESPACE, "prometheus", seconds=TOKEN_SECONDS)


def remove_prometheus_account(api: Api) -> None:
    """Take back what `prometheus_token` made."""
    rbac = "rbac.authorization.k8s.io/v1"
    for path in (
        object_path(rbac, "clusterrolebindings", name=ROLE),
        object_path(rbac, "clusterroles", name=ROLE),
        object_path("v1", "namespaces", name=NAMESPACE),
    ):
        with contextlib.suppress(ApiError):  # It may be gone already.
            api.delete(path)
