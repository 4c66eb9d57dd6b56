"""The image's description agrees with what the sandbox runs, what the manifests name, and what the tests run on."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import yaml
from dockerfile_parse import DockerfileParser
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SANDBOX_IMAGE = yaml.safe_load((ROOT / "sandbox/images/metricops/any/image.yaml").read_text())
STALE = "stale: run `make lock`"


def instructions() -> list[tuple[str, str]]:
    structure = DockerfileParser(path=str(ROOT / "Dockerfile")).structure
    return [(found["instruction"], found["value"]) for found in structure]


def of_the_last_stage(name: str) -> list[str]:
    found = instructions()
    last = max(index for index, (instruction, _) in enumerate(found) if instruction == "FROM")
    return [value for instruction, value in found[last:] if instruction == name]


def pins(lock: str) -> dict[str, str]:
    """The versions that a lock or requirements-dev.txt names."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", (ROOT / lock).read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def test_each_stage_is_pinned_to_one_digest() -> None:
    bases = {value.split()[0] for instruction, value in instructions() if instruction == "FROM"}
    (base,) = bases
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", base)


def test_it_is_started_as_the_sandbox_starts_it() -> None:
    (entrypoint,) = of_the_last_stage("ENTRYPOINT")
    assert json.loads(entrypoint) == SANDBOX_IMAGE["entrypoint"]
    (user,) = of_the_last_stage("USER")
    assert user == f"{SANDBOX_IMAGE['user']}:{SANDBOX_IMAGE['user']}"
    (environment,) = of_the_last_stage("ENV")
    assert dict(word.split("=") for word in environment.split()) == SANDBOX_IMAGE["env"]


def test_the_manifests_name_this_version() -> None:
    images = {
        found
        for file in (ROOT / "manifests").rglob("*.yaml")
        for found in re.findall(r"image: (\S*metricops\S*)", file.read_text())
    }
    assert images == {f"ghcr.io/metricops/metricops:{PROJECT['project']['version']}"}


def test_the_lock_has_all_that_is_needed_each_with_hashes() -> None:
    for lock, wanted in (
        ("requirements.lock", PROJECT["project"]["dependencies"]),
        ("requirements-build.lock", PROJECT["build-system"]["requires"]),
    ):
        locked = pins(lock)
        for requirement in map(Requirement, wanted):
            version = locked.get(canonicalize_name(requirement.name))
            assert version is not None, f"{requirement} is not in {lock}: {STALE}"
            assert requirement.specifier.contains(version), STALE
        entries = re.split(r"^(?=\S+==)", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
        assert len(entries) == len(locked)
        assert all("--hash=sha256:" in entry for entry in entries)


def test_what_is_shipped_is_what_is_tested() -> None:
    tested = pins("requirements-dev.txt")
    for lock in ("requirements.lock", "requirements-build.lock"):
        assert pins(lock).items() <= tested.items(), f"{lock}: {STALE}"
