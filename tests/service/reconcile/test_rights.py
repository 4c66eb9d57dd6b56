"""The shipped rights: each one is needed, none is missing, none is too many."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from receiver.cluster.api import Api
from sandbox.rules_reconcile import SHIPPED
from tests.cluster.test_rbac import is_allowed
from tests.granted import granted

WORKLOADS = ("deployments", "statefulsets", "daemonsets")
NEEDED = {
    *((verb, "apps", kind) for verb in ("get", "list", "watch") for kind in WORKLOADS),
    *((verb, "", "namespaces") for verb in ("get", "list", "watch")),
    *(
        (verb, "monitoring.coreos.com", "prometheusrules")
        for verb in ("get", "list", "watch", "create", "patch", "delete")
    ),
    ("create", "events.k8s.io", "events"),
}
FORBIDDEN = [
    ("patch", "apps", "deployments"),
    ("update", "monitoring.coreos.com", "prometheusrules"),
    ("deletecollection", "monitoring.coreos.com", "prometheusrules"),
    ("patch", "", "namespaces"),
    ("get", "", "secrets"),
    ("get", "", "configmaps"),
    ("list", "", "pods"),
    ("patch", "metricops.dev", "rollbacks"),
]


def test_the_manifest_grants_what_is_needed_and_nothing_else() -> None:
    rights = granted(yaml.safe_load_all((SHIPPED / "rbac.yaml").read_text()))
    assert {right[:3] for right in rights} == NEEDED


@pytest.mark.parametrize("right", FORBIDDEN, ids=" ".join)
def test_forbidden(kubeconfig: Path, right: tuple[str, str, str]) -> None:
    assert not is_allowed(Api.connect(str(kubeconfig)), *right, "")
