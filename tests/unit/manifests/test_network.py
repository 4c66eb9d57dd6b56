"""Every shipped Pod has a policy of its own, which lets in and out what it needs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.manifests.shipped import of_kind, templates

API_SERVER_PORTS = {443, 6443}
POLICIES = of_kind("NetworkPolicy")


def selects(policy: dict[str, Any], template: dict[str, Any]) -> bool:
    """Whether it names the Pod by its labels; one for all Pods of the namespace does not."""
    wanted = policy["spec"]["podSelector"].get("matchLabels") or {}
    return bool(wanted) and wanted.items() <= template["metadata"]["labels"].items()


def ports(rules: list[dict[str, Any]], protocol: str) -> set[Any]:
    """The ports that rules name; `any` where one names none."""
    found: set[Any] = set()
    for rule in rules:
        found |= {port["port"] for port in rule.get("ports") or [] if port.get("protocol", "TCP") == protocol}
        found |= set() if rule.get("ports") else {"any"}
    return found


@pytest.mark.parametrize(("file", "template"), templates(), ids=[file for file, _ in templates()])
def test_a_pod(file: str, template: dict[str, Any]) -> None:
    own = [policy["spec"] for _, policy in POLICIES if selects(policy, template)]
    assert own, f"{file}: a NetworkPolicy for it is missing"
    assert all(set(policy["policyTypes"]) == {"Ingress", "Egress"} for policy in own)
    let_in = ports([rule for policy in own for rule in policy.get("ingress") or []], "TCP")
    declared = {
        port["containerPort"] for container in template["spec"]["containers"] for port in container.get("ports") or []
    }
    assert let_in - {"any"} == declared, f"{file}: what is let in are its ports"
    egress = [rule for policy in own for rule in policy.get("egress") or []]
    if "any" not in ports(egress, "TCP"):
        assert 53 in ports(egress, "UDP"), f"{file}: names can't be resolved"
        if template["spec"]["automountServiceAccountToken"]:
            assert ports(egress, "TCP") >= API_SERVER_PORTS, f"{file}: the API server can't be reached"


def test_what_no_policy_names_is_denied() -> None:
    (denied,) = (policy["spec"] for _, policy in POLICIES if policy["spec"]["podSelector"] == {})
    assert denied == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
