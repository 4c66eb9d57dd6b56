"""kube-score, with all its checks but those that it names as left out, finds nothing in what is shipped."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from receiver.cluster.api import JsonObject
from sandbox.binaries import control_plane_binaries
from tests.policy.kube_score import findings, kube_score
from tests.service.manifests.overlays import ROOT, Overlay, components, documents, overlays, with_components
from tests.service.manifests.test_apply import OLDEST_VERSION

BESIDE = ("base", "disruption-budget")
"""What an overlay is judged together with: policies and budgets of its Pods may stand there."""


@pytest.fixture(scope="module")
def kubectl() -> Path:
    return control_plane_binaries(progress=print)["kubectl"]


@pytest.fixture(scope="module")
def program() -> Path:
    return kube_score(print)


@pytest.fixture(scope="module")
def beside(kubectl: Path) -> list[JsonObject]:
    return [item for o in overlays() if o.name in BESIDE for item in documents(o.render(kubectl))]


def judged(overlay: Overlay, kubectl: Path, beside: list[JsonObject]) -> str:
    """An overlay's objects and, of what is applied beside it, those that it does not have itself."""
    objects = documents(overlay.render(kubectl))
    (namespace,) = {o["metadata"]["namespace"] for o in objects if o["kind"] == "Deployment"} or {"metricops-system"}
    own = {identity(item) for item in objects}
    others = [item for item in beside if identity(item) not in own]
    if namespace != "metricops-system":  # An overlay of a person's own sets the namespace of all that is in it.
        budgets = [item for item in others if item["kind"] == "PodDisruptionBudget"]
        others = [{**item, "metadata": {**item["metadata"], "namespace": namespace}} for item in budgets]
    return yaml.safe_dump_all([*objects, *others])


def identity(item: JsonObject) -> tuple[str, str, str]:
    return item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]


@pytest.mark.parametrize("overlay", overlays(), ids=lambda overlay: overlay.name)
def test_an_overlay(overlay: Overlay, kubectl: Path, program: Path, beside: list[JsonObject]) -> None:
    assert findings(program, judged(overlay, kubectl, beside), kubernetes=f"v{OLDEST_VERSION}") == []


@pytest.mark.parametrize("component", components(), ids=lambda component: component.name)
def test_a_component(
    component: Overlay, kubectl: Path, program: Path, beside: list[JsonObject], tmp_path: Path
) -> None:
    overlay = with_components(tmp_path / "overlay", [component], "base")
    assert findings(program, judged(overlay, kubectl, beside), kubernetes=f"v{OLDEST_VERSION}") == []


def test_the_example_of_a_whole_installation(kubectl: Path, program: Path) -> None:
    example = Overlay("examples/installation", ROOT / "examples/installation")
    assert findings(program, example.render(kubectl), kubernetes=f"v{OLDEST_VERSION}") == []


def test_it_would_find_something(kubectl: Path, program: Path, beside: list[JsonObject]) -> None:
    base = documents(judged(overlays()[0], kubectl, beside))
    without = [item for item in base if item["kind"] not in ("NetworkPolicy", "PodDisruptionBudget")]
    (deployment,) = (item for item in without if item["kind"] == "Deployment")
    del deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
    found = findings(program, yaml.safe_dump_all(without), kubernetes=f"v{OLDEST_VERSION}")
    assert len(found) == 4, found
