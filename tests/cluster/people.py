"""People with the shipped roles, and the command as they type it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from receiver.cluster.api import object_path
from sandbox.kubeconfig import with_token
from tests.cluster.conftest import Cluster

RBAC = "rbac.authorization.k8s.io/v1"


class Person:
    """Somebody whom the API server knows as a service account of the namespace, bound to ClusterRoles in it."""

    def __init__(
        self, cluster: Cluster, namespace: str, name: str, *roles: str, more: list[dict[str, Any]] | None = None
    ):
        api = cluster.api
        self.namespace = namespace
        self.user = f"system:serviceaccount:{namespace}:{name}"
        account = object_path("v1", "serviceaccounts", namespace)
        api.create(account, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})
        if more:
            role = {"apiVersion": RBAC, "kind": "Role", "metadata": {"name": name}, "rules": more}
            api.create(object_path(RBAC, "roles", namespace), role)
        for kind, role_name in [*(("ClusterRole", role) for role in roles), *([("Role", name)] if more else [])]:
            binding = {
                "apiVersion": RBAC,
                "kind": "RoleBinding",
                "metadata": {"name": f"{name}-{role_name}"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role_name},
                "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
            }
            api.create(object_path(RBAC, "rolebindings", namespace), binding)
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600},
        }
        token = api.create(f"{account}/{name}/token", request)["status"]["token"]
        self.kubeconfig = with_token(cluster.kubeconfig, token, cluster.folder / f"{namespace}-{name}.kubeconfig")

    def types(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """`metricops …`, against the namespace."""
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments, "-n", self.namespace],
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig)},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def patches(self, kubectl: Path, name: str, spec: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        """`kubectl patch rb NAME`: the same without our command."""
        body = json.dumps({"spec": spec})
        command = [str(kubectl), "--kubeconfig", str(self.kubeconfig), "-n", self.namespace, "patch", "rb", name]
        return subprocess.run(
            [*command, "--type", "merge", "-p", body], capture_output=True, text=True, check=False, timeout=60
        )
