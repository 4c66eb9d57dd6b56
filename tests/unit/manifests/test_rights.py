"""What every shipped role may do stays least: reviewed by rules, for those of today and those that come."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.manifests.shipped import of_kind, templates

ROLES = of_kind("Role", "ClusterRole")
MORE_THAN_IT_SAYS = {"escalate", "bind", "impersonate", "approve", "sign", "deletecollection"}
"""Verbs that give other rights, or take away more than one object."""
POWERFUL = {
    "nodes/proxy",
    "pods/exec",
    "pods/attach",
    "pods/portforward",
    "pods/ephemeralcontainers",
    "serviceaccounts/token",
    "roles",
    "rolebindings",
    "clusterroles",
    "clusterrolebindings",
    "certificatesigningrequests",
    "customresourcedefinitions",
}
CONFIGURATIONS = {"mutatingwebhookconfigurations", "validatingwebhookconfigurations"}
WHOLE_SECRETS = "components/secrets/rbac.yaml"
"""The component whose only purpose that right is."""


def rules() -> list[Any]:
    return [
        pytest.param(file, role, rule, id=f"{role['metadata']['name']}-{index}")
        for file, role in ROLES
        for index, rule in enumerate(role.get("rules") or [])
    ]


def test_there_is_something_to_review() -> None:
    assert len(rules()) > 10


@pytest.mark.parametrize(("file", "role", "rule"), rules())
def test_a_rule(file: str, role: dict[str, Any], rule: dict[str, Any]) -> None:
    verbs, resources = set(rule["verbs"]), set(rule.get("resources") or [])
    assert "nonResourceURLs" not in rule
    assert not {word for key in ("verbs", "resources", "apiGroups") for word in rule[key] if "*" in word}
    assert not verbs & MORE_THAN_IT_SAYS
    assert not resources & POWERFUL

    named = bool(rule.get("resourceNames"))
    if "secrets" in resources and file != WHOLE_SECRETS:
        assert role["kind"] == "Role", "Secrets of one namespace only"
        assert named or verbs == {"create"}, "Secrets by name; only a create can't be limited so"
    if resources & CONFIGURATIONS:
        assert named, "whoever may change any webhook configuration may change every object"
    if named:
        assert "create" not in verbs, "a name does not limit a create"


def test_every_binding_is_of_a_shipped_role_and_account() -> None:
    roles = {(role["kind"], role["metadata"]["name"]) for _, role in ROLES}
    accounts = {
        (account["metadata"]["namespace"], account["metadata"]["name"]) for _, account in of_kind("ServiceAccount")
    }
    for file, binding in of_kind("RoleBinding", "ClusterRoleBinding"):
        assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) in roles, file
        for subject in binding["subjects"]:
            assert subject["kind"] == "ServiceAccount", file
            assert (subject["namespace"], subject["name"]) in accounts, file


def test_no_account_is_shared_and_none_is_without_a_pod() -> None:
    accounts = [account["metadata"]["name"] for _, account in of_kind("ServiceAccount")]
    used = [template["spec"]["serviceAccountName"] for _, template in templates()]
    assert sorted(used) == sorted(accounts)


def test_only_pods_that_say_so_get_a_token() -> None:
    for file, account in of_kind("ServiceAccount"):
        assert account.get("automountServiceAccountToken") is False, file
    for file, template in templates():
        assert isinstance(template["spec"].get("automountServiceAccountToken"), bool), f"{file}: say yes or no"
