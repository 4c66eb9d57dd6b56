"""The shipped rights: each one is needed, none is missing, none is too many."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from receiver.cluster.api import Api
from sandbox.rules_sync import SHIPPED
from tests.cluster.test_rbac import is_allowed
from tests.granted import granted

NEEDED = {
    ("list", "monitoring.coreos.com", "prometheusrules"),
    ("watch", "monitoring.coreos.com", "prometheusrules"),
    ("list", "metricops.dev", "servicelevelobjectives"),
    ("watch", "metricops.dev", "servicelevelobjectives"),
    ("patch", "metricops.dev", "servicelevelobjectives/status"),
    *((verb, "apps", kind) for verb in ("list", "watch") for kind in ("deployments", "statefulsets", "daemonsets")),
    ("list", "", "namespaces"),
    ("watch", "", "namespaces"),
    ("create", "events.k8s.io", "events"),
}
FORBIDDEN = [
    ("patch", "metricops.dev", "servicelevelobjectives"),
    ("patch", "monitoring.coreos.com", "prometheusrules"),
    ("delete", "monitoring.coreos.com", "prometheusrules"),
    ("list", "", "pods"),
    ("get", "", "secrets"),
    ("get", "", "configmaps"),
    ("patch", "apps", "deployments"),
    ("list", "metricops.dev", "rollbacks"),
]


@pytest.fixture
def account(kubeconfig: Path) -> Api:
    return Api.connect(str(kubeconfig))


def test_the_manifest_grants_what_is_needed_and_nothing_else() -> None:
    rights = granted(yaml.safe_load_all((SHIPPED / "rbac.yaml").read_text()))
    assert {right[:3] for right in rights} == NEEDED


@pytest.mark.parametrize("right", sorted(NEEDED), ids=" ".join)
def test_needed(account: Api, right: tuple[str, str, str]) -> None:
    assert is_allowed(account, *right, "")


@pytest.mark.parametrize("right", FORBIDDEN, ids=" ".join)
def test_forbidden(account: Api, right: tuple[str, str, str]) -> None:
    assert not is_allowed(account, *right, "")


def test_the_sample_runs_as_the_account_and_with_options_that_exist() -> None:
    from cli.rules_sync import sync_command

    (deployment,) = (
        item for item in yaml.safe_load_all((SHIPPED / "prometheus.yaml").read_text()) if item["kind"] == "Deployment"
    )
    pod = deployment["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "metricops-rules-sync"
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in pod["initContainers"] + pod["containers"]:
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
    (sync,) = (container for container in pod["containers"] if container["name"] == "rules-sync")
    known = {option for parameter in sync_command.params for option in parameter.opts}
    assert sync["args"][:2] == ["rules", "sync"]
    assert {argument.partition("=")[0] for argument in sync["args"][3:]} <= known
