"""What is watched is what is there: the Service that the receiver has, the recordings that the generator makes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from rules.generate import generate
from rules.parse import parse
from rules.render import render_rule_file
from tests.dashboard import expressions, load

ROOT = Path(__file__).parents[3]
MONITORING = ROOT / "manifests/monitoring"
RECORDED = re.compile(r"\b[a-z_]+:[a-z_]+:[a-z_0-9]+")


def objects(file: Path) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(file.read_text()) if document]


@pytest.mark.parametrize(("number", "file"), list(enumerate(("base/receiver.yaml", "admission/admission.yaml"))))
def test_each_service_monitor_selects_its_service(number: int, file: str) -> None:
    monitor = objects(MONITORING / "servicemonitor.yaml")[number]
    (service,) = (found for found in objects(ROOT / "manifests" / file) if found["kind"] == "Service")
    wanted = monitor["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= service["metadata"]["labels"].items()
    assert "namespaceSelector" not in monitor["spec"]  # Its own namespace, whichever an overlay puts both into.
    (kustomization,) = objects(MONITORING / "kustomization.yaml")
    assert kustomization["namespace"] == service["metadata"]["namespace"]
    ports = {port["name"] for port in service["spec"]["ports"]}
    assert {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]} <= ports


def test_the_kustomization_names_what_is_there() -> None:
    (kustomization,) = objects(MONITORING / "kustomization.yaml")
    files = [*kustomization["resources"], *(f for made in kustomization["configMapGenerator"] for f in made["files"])]
    assert [file for file in files if not (MONITORING / file).is_file()] == []
    shipped = {file.name for file in MONITORING.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(kustomization["resources"]) == shipped


def test_the_dashboard_reads_recordings_that_are_made() -> None:
    example = ROOT / "examples/slo.yaml"
    made = render_rule_file([generate(found) for found in parse(example.read_bytes(), example.name)])
    records = {
        rule["record"] for group in yaml.safe_load(made)["groups"] for rule in group["rules"] if "record" in rule
    }
    asked = [*(expression for _, expression in expressions()), json.dumps(load()["templating"])]
    named = {name for expression in asked for name in RECORDED.findall(expression)}
    assert named
    for name in named:
        # A name without its window stands for all windows.
        assert any(record.startswith(name) for record in records), f"{name} is not among {sorted(records)}"
