"""manifests/README.md names every folder that can be applied, and its sample is the example's file."""

from __future__ import annotations

import re

import yaml

from tests.unit.manifests.shipped import MANIFESTS

README = (MANIFESTS / "README.md").read_text()
EXAMPLE = MANIFESTS.parent / "examples/installation/kustomization.yaml"


def test_every_folder_has_its_line() -> None:
    named = re.findall(r"^\| \[([a-z/-]+)\]\(([a-z/-]+)\) \|", README, re.MULTILINE)
    assert all(text == target for text, target in named)
    folders = {file.parent.relative_to(MANIFESTS).as_posix() for file in MANIFESTS.rglob("kustomization.yaml")}
    assert {target for _, target in named} == folders


def test_the_sample_is_the_example() -> None:
    (sample,) = re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert yaml.safe_load(sample) == yaml.safe_load(EXAMPLE.read_text())
