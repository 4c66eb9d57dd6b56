"""Every overlay applies to a real API server, of the oldest and the default version, and is settled then."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from receiver import names
from receiver.cluster.api import JsonObject, object_path
from sandbox.binaries import DEFAULT_VERSION
from sandbox.cluster import ControlPlane
from sandbox.process import wait_until
from sandbox.shipped import exists, is_established
from tests.service.manifests.overlays import (
    ROOT,
    Overlay,
    components,
    documents,
    foreign_crds,
    overlays,
    pods,
    with_components,
)

OLDEST_VERSION = "1.34"
OTHER_NAMESPACE = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "shop", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
}


@pytest.fixture(scope="module", params=[OLDEST_VERSION, DEFAULT_VERSION])
def plane(request: pytest.FixtureRequest) -> Iterator[ControlPlane]:
    with ControlPlane(progress=print, version=request.param, scheduler=False) as plane:
        plane.kubectl("apply", "-k", str(overlays()[0].folder))
        plane.kubectl("apply", "-f", "-", stdin=json.dumps(OTHER_NAMESPACE))
        yield plane


def difference(plane: ControlPlane, overlay: Overlay) -> str:
    """What an apply of the same would change, by a dry run of the API server's.

    Not what `kubectl apply` says: a disruption budget is always "configured", its selector being patched as a whole.
    """
    command = [str(plane.kubectl_path), f"--kubeconfig={plane.kubeconfig}", "diff", "-k", str(overlay.folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode > 1:
        raise RuntimeError(answer.stderr)
    return answer.stdout


def install_needed_crds(plane: ControlPlane, objects: list[JsonObject]) -> None:
    """Install other projects' CRDs that these objects need. Skips where one is wanting."""
    files = foreign_crds(objects)
    if files is None:
        pytest.skip("other projects' CRDs are not beside the checkout")
    api = plane.api()
    for file in files:
        group, _, plural = file.stem.rpartition("_")
        crd = object_path("apiextensions.k8s.io/v1", "customresourcedefinitions", name=f"{plural}.{group}")
        if not exists(api, crd):
            plane.kubectl("apply", "--server-side", "-f", str(file))
            wait_until(lambda: is_established(api.get(crd)), 30, f"{crd} is established")  # noqa: B023


def apply(plane: ControlPlane, overlay: Overlay) -> None:
    """Apply it as a person does."""
    install_needed_crds(plane, documents(overlay.render(plane.kubectl_path)))
    plane.kubectl("apply", "-k", str(overlay.folder))


def test_the_base_is_settled(plane: ControlPlane) -> None:
    assert difference(plane, overlays()[0]) == ""


@pytest.mark.parametrize("overlay", overlays()[1:], ids=lambda overlay: overlay.name)
def test_an_overlay_is_complete_and_settled(plane: ControlPlane, overlay: Overlay) -> None:
    apply(plane, overlay)
    assert difference(plane, overlay) == ""


def test_the_components_are_complete_and_settled(plane: ControlPlane, tmp_path: Path) -> None:
    overlay = with_components(tmp_path / "overlay", components(), "base")
    apply(plane, overlay)
    assert difference(plane, overlay) == ""
    (receiver,) = pods(documents(overlay.render(plane.kubectl_path)))
    assert receiver["spec"]["priorityClassName"] == "metricops"


def test_the_controllers_make_the_pods(plane: ControlPlane) -> None:
    """Nothing on the way refuses them: Pod Security, accounts, priorities."""
    api = plane.api()
    at = object_path("apps/v1", "deployments", names.DEFAULT_NAMESPACE)

    def all_are_made() -> bool:
        # More than it asks for: where there is no node, a rollout stays where it begins.
        found = [(item["spec"]["replicas"], item.get("status", {})) for item in api.get(at)["items"]]
        return bool(found) and all(status.get("replicas", 0) >= wanted for wanted, status in found)

    wait_until(all_are_made, 30, "each Deployment has as many Pods as it asks for")
    conditions = [found for item in api.get(at)["items"] for found in item["status"]["conditions"]]
    assert [found["message"] for found in conditions if found["type"] == "ReplicaFailure"] == []


def test_the_restricted_pod_security_standard_admits_every_pod(plane: ControlPlane) -> None:
    """The API server's own admission, which enforces it on both namespaces."""
    found = {}
    for overlay in overlays():
        for pod in pods(documents(overlay.render(plane.kubectl_path))):
            found[pod["metadata"]["namespace"], pod["metadata"]["name"]] = pod
    assert {namespace for namespace, _ in found} == {"metricops-system", "shop"}
    text = yaml.safe_dump_all(found.values())
    created = plane.kubectl("create", "--dry-run=server", "-f", "-", stdin=text)
    assert created.count("created") == len(found)

    loose = next(iter(found.values()))
    loose["spec"]["securityContext"].pop("seccompProfile")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        plane.kubectl("create", "--dry-run=server", "-f", "-", stdin=yaml.safe_dump(loose))
    assert 'violates PodSecurity "restricted:latest"' in refused.value.stderr


def test_the_printer_columns_are_there(plane: ControlPlane) -> None:
    assert plane.kubectl("get", "rb", "-A", "-o", "wide") == ""


def test_objectives_are_taken_where_rules_sync_is(plane: ControlPlane) -> None:
    plane.kubectl("apply", "-k", str(ROOT / "manifests/rules-sync"))
    plane.kubectl("wait", "--for=condition=Established", "crd/servicelevelobjectives.metricops.dev", "--timeout=30s")
    for name in ("slo", "rule"):
        plane.kubectl("apply", "-n", "shop", "-f", str(ROOT / f"examples/{name}.yaml"))
    columns = plane.kubectl("get", "slo", "-n", "shop").splitlines()[0].split()
    assert columns == ["NAME", "SERVICE", "OBJECTIVE", "WINDOW", "LOADED", "REASON", "AGE"]


def test_generated_rules_are_taken_where_the_operator_is(plane: ControlPlane) -> None:
    examples = [str(ROOT / "examples" / name) for name in ("slo.yaml", "rule.yaml")]
    command = [sys.executable, "-m", "cli.main", "rules", "generate", *examples]
    generated = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    install_needed_crds(plane, documents(generated))
    assert len(plane.kubectl("apply", "-f", "-", stdin=generated).splitlines()) == 2
