"""`metricops rules reconcile` as the sandbox runs it: a process with the rights of its shipped service account."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from receiver import names
from receiver.cluster.api import Api, JsonObject
from sandbox.process import ManagedProcess, free_port
from sandbox.rules_sync import PROMETHEUS_RULE_CRD, TOKEN_SECONDS
from sandbox.shipped import account_token

SHIPPED = Path(__file__).parents[1] / "manifests/rules-reconcile"
ACCOUNT = "metricops-rules-reconcile"


def rules_reconcile_objects() -> list[JsonObject]:
    """What it needs of a cluster: its namespace, the CRD, the account with its rights."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": names.DEFAULT_NAMESPACE}}
    files = (PROMETHEUS_RULE_CRD, SHIPPED / "rbac.yaml")
    return [namespace, *(item for file in files for item in yaml.safe_load_all(file.read_text()))]


def rules_reconcile_token(api: Api) -> str:
    """A token of its shipped service account."""
    return account_token(api, names.DEFAULT_NAMESPACE, ACCOUNT, seconds=TOKEN_SECONDS)


def start_rules_reconcile(kubeconfig: Path, log: Path, *options: str) -> ManagedProcess:
    """Start it on a port of its own; `options` are those of the command."""
    command = (sys.executable, "-m", "cli.main", "rules", "reconcile", "--kubeconfig", str(kubeconfig))
    listen = ("--listen", f"127.0.0.1:{free_port()}")
    return ManagedProcess("rules reconcile", (*command, *listen, *options), log)
