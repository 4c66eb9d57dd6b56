"""With cert-manager: what is mounted, asked for, injected and renewed fits together, and nothing else is left."""

from __future__ import annotations

from datetime import timedelta

import pytest

from admission.certificates.names import server_names
from admission.settings import AdmissionSettings
from receiver import names
from receiver.cluster.api import JsonObject
from rules.durations import parse_duration
from sandbox.binaries import control_plane_binaries
from tests.service.manifests.overlays import MANIFESTS, Overlay, documents

Objects = dict[tuple[str, str], JsonObject]


@pytest.fixture(scope="module")
def objects() -> Objects:
    overlay = Overlay("cert-manager", MANIFESTS / "cert-manager")
    rendered = documents(overlay.render(control_plane_binaries(progress=print)["kubectl"]))
    return {(item["kind"], item["metadata"]["name"]): item for item in rendered}


def test_the_pod_serves_the_files_of_the_certificate(objects: Objects) -> None:
    certificate = objects["Certificate", "metricops-admission"]
    pod = objects["Deployment", "metricops-admission"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (mount,) = (mount for mount in container["volumeMounts"] if mount["name"] == "tls")
    (volume,) = (volume for volume in pod["volumes"] if volume["name"] == "tls")
    assert volume["secret"]["secretName"] == certificate["spec"]["secretName"]
    assert volume["secret"]["secretName"] != names.ADMISSION_SECRET, "the two ways share nothing"
    given = {entry["name"]: entry.get("value") for entry in container["env"]}
    settings = AdmissionSettings(
        tls_certificate_file=given["METRICOPS_TLS_CERTIFICATE_FILE"], tls_key_file=given["METRICOPS_TLS_KEY_FILE"]
    )
    assert settings.tls_files is not None, "the webhook's own authority is off"
    assert [str(path) for path in settings.tls_files.paths] == [
        f"{mount['mountPath']}/{key}" for key in ("tls.crt", "tls.key")
    ]


def test_the_certificate_is_for_the_service_and_by_an_issuer_that_is_there(objects: Objects) -> None:
    certificate = objects["Certificate", "metricops-admission"]
    namespace = certificate["metadata"]["namespace"]
    assert tuple(certificate["spec"]["dnsNames"]) == server_names(names.ADMISSION_SERVICE, namespace, ())
    authority = objects["Certificate", "metricops-admission-ca"]["spec"]
    for spec in (certificate["spec"], authority):
        assert ("Issuer", spec["issuerRef"]["name"]) in objects
    assert objects["Issuer", "metricops-admission"]["spec"]["ca"]["secretName"] == authority["secretName"]
    assert authority["privateKey"]["rotationPolicy"] == "Never"
    # `caBundle` has followed before the authority of before expires.
    assert parse_duration(authority["renewBefore"]) > parse_duration(certificate["spec"]["duration"]) + timedelta(
        days=1
    )


def test_the_injector_writes_the_bundle_and_the_webhook_has_no_right_to(objects: Objects) -> None:
    configuration = objects["MutatingWebhookConfiguration", names.ADMISSION_CONFIGURATION]
    injected = configuration["metadata"]["annotations"]["cert-manager.io/inject-ca-from"]
    namespace, _, name = injected.partition("/")
    assert objects["Certificate", name]["metadata"]["namespace"] == namespace
    assert not [key for key in objects if key[1] == "metricops-admission-certificates"]
    rules = [rule for (kind, _), item in objects.items() if kind.endswith("Role") for rule in item["rules"]]
    assert rules
    assert not [rule for rule in rules if {"secrets", "mutatingwebhookconfigurations"} & set(rule["resources"])]
