"""`metricops rules sync` as the sandbox runs it: a process with the rights of its shipped service account."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import yaml

from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from sandbox.process import ManagedProcess, wait_until
from sandbox.shipped import account_token, exists, path_of

SHIPPED = Path(__file__).parents[1] / "manifests/rules-sync"
PROMETHEUS_RULE_CRD = Path(__file__).parent / "crds/prometheusrules.yaml"
ACCOUNT = "metricops-rules-sync"
SERVED = (
    object_path("monitoring.coreos.com/v1", "prometheusrules"),
    object_path(names.API_VERSION, "servicelevelobjectives"),
)
SECONDS = 30.0
TOKEN_SECONDS = 24 * 3600


def rules_sync_objects() -> list[JsonObject]:
    """What it needs of a cluster: its namespace, the CRDs, the account with its rights."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": names.DEFAULT_NAMESPACE}}
    files = (PROMETHEUS_RULE_CRD, SHIPPED / "crd.yaml", SHIPPED / "rbac.yaml")
    return [namespace, *(item for file in files for item in yaml.safe_load_all(file.read_text()))]


def missing_for_rules_sync(api: Api) -> list[JsonObject]:
    """What of it the cluster does not have yet."""
    return [item for item in rules_sync_objects() if not exists(api, path_of(item))]


def install_rules_sync(api: Api, missing: list[JsonObject]) -> None:
    """Make what is missing, and wait until the objects are served."""
    for item in missing:
        api.apply(path_of(item), item, field_manager="sandbox")
    for path in SERVED:
        wait_until(lambda: exists(api, path), SECONDS, f"{path} is served")  # noqa: B023


def remove_rules_sync(api: Api, made: list[JsonObject]) -> None:
    """Take back what was missing before."""
    for item in reversed(made):
        with contextlib.suppress(ApiError):  # It may be gone already.
            api.delete(path_of(item))


def rules_sync_token(api: Api) -> str:
    """A token of its shipped service account."""
    return account_token(api, names.DEFAULT_NAMESPACE, ACCOUNT, seconds=TOKEN_SECONDS)


def start_rules_sync(kubeconfig: Path, rules: Path, log: Path, *options: str | Path) -> ManagedProcess:
    """Start it for a folder of rules; `options` are those of the command."""
    command = [sys.executable, "-m", "cli.main", "rules", "sync", rules, "--kubeconfig", kubeconfig, *options]
    return ManagedProcess("rules sync", command, log)
