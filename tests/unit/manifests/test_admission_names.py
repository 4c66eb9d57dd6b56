"""The names that the webhook looks for are those of what is shipped."""

from __future__ import annotations

from typing import Any

from admission.app import PATH
from admission.certificates.names import server_names
from receiver import names
from tests.unit.manifests.shipped import of_kind


def only(kind: str, name: str) -> dict[str, Any]:
    (found,) = (item for _, item in of_kind(kind) if item["metadata"]["name"] == name)
    return found


def test_the_configuration_asks_the_service_for_a_name_that_is_in_the_certificate() -> None:
    configuration = only("MutatingWebhookConfiguration", names.ADMISSION_CONFIGURATION)
    service = only("Service", names.ADMISSION_SERVICE)
    for webhook in configuration["webhooks"]:
        asked = webhook["clientConfig"]["service"]
        assert (asked["name"], asked["namespace"]) == (service["metadata"]["name"], service["metadata"]["namespace"])
        assert asked["path"] == PATH
        assert asked["port"] in {port["port"] for port in service["spec"]["ports"]}
        assert f"{asked['name']}.{asked['namespace']}.svc" in server_names(
            names.ADMISSION_SERVICE, names.DEFAULT_NAMESPACE, ()
        )
        assert "caBundle" not in webhook["clientConfig"], "an apply must neither own it nor take it away"


def test_the_rights_are_for_what_it_keeps() -> None:
    (named, unnamed) = only("Role", "metricops-admission-certificates")["rules"]
    assert named["resourceNames"] == [names.ADMISSION_SECRET]
    assert unnamed["verbs"] == ["create"]
    (rule,) = only("ClusterRole", "metricops-admission-certificates")["rules"]
    assert rule["resourceNames"] == [names.ADMISSION_CONFIGURATION]


def test_the_pod_tells_its_own_namespace_and_names_no_files() -> None:
    (container,) = only("Deployment", "metricops-admission")["spec"]["template"]["spec"]["containers"]
    given = {entry["name"]: entry for entry in container["env"]}
    assert given["METRICOPS_NAMESPACE"]["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.namespace"}}
    assert not [name for name in given if name.startswith("METRICOPS_TLS")]
    assert "tmp" in {mount["name"] for mount in container["volumeMounts"]}, "a key is in a file there for a moment"
