"""The image's content: built by the Dockerfile's own instructions, started as the shipped Pods start it."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
import yaml

from sandbox.node.tree import Mount
from sandbox.process import ManagedProcess, free_port
from tests.service.image.building import LAST, ROOT, Stage, build

IMAGE = "ghcr.io/metricops/metricops"
NOBODY_THERE = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "none", "cluster": {"server": "https://127.0.0.1:9"}}],
    "users": [{"name": "none", "user": {"token": "none"}}],
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "current-context": "none",
}


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stage]:
    return build(tmp_path_factory.mktemp("image"), print)


@pytest.fixture(scope="module")
def image(stages: dict[str, Stage]) -> Stage:
    return stages[LAST]


def run(image: Stage, *line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        image.command(list(line), read_only=True),
        env=image.child_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def shipped_arguments() -> Iterator[tuple[str, list[str]]]:
    """What the shipped containers of this image are started with."""
    for file in sorted((ROOT / "manifests").rglob("*.yaml")):
        if "image: " + IMAGE not in file.read_text():
            continue
        for item in yaml.safe_load_all(file.read_text()):
            for container in ((item.get("spec") or {}).get("template") or {}).get("spec", {}).get("containers", []):
                if container["image"].startswith(IMAGE):
                    yield container["name"], container["args"]


def test_it_is_the_version_that_the_manifests_name(image: Stage) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    answer = run(image, *image.entrypoint, "--version")
    assert answer.stdout.strip().endswith(version), answer.stderr


@pytest.mark.parametrize(("name", "arguments"), [*shipped_arguments()], ids=[name for name, _ in shipped_arguments()])
def test_it_knows_what_the_shipped_containers_ask_for(image: Stage, name: str, arguments: list[str]) -> None:
    words = [argument for argument in arguments if not argument.startswith(("-", "/"))]
    flags = [argument.partition("=")[0] for argument in arguments if argument.startswith("-")]
    answer = run(image, *image.entrypoint, *words, "--help")
    assert answer.returncode == 0, answer.stderr
    assert [flag for flag in flags if flag not in answer.stdout] == []


def test_the_receiver_starts_read_only_and_as_nobody(image: Stage, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(NOBODY_THERE))
    settings = {
        "METRICOPS_LISTEN": url.removeprefix("http://"),
        "METRICOPS_UNAUTHENTICATED": "yes",
        "METRICOPS_KUBECONFIG": "/kubeconfig",
    }
    line = image.command([*image.entrypoint, "receiver", "serve"], Mount("/kubeconfig", kubeconfig), read_only=True)
    environment = [f"{name}={value}" for name, value in {**image.child_environment(), **settings}.items()]
    process = ManagedProcess("receiver", ["env", "-i", *environment, *line], tmp_path / "log")
    http = urllib3.PoolManager(retries=False, timeout=2.0)

    def answers() -> bool:
        try:
            return http.request("GET", f"{url}/healthz").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    try:
        process.wait_until(answers, 30, "/healthz answers")
    finally:
        process.stop(5)


def test_nothing_can_be_installed_into_it(image: Stage) -> None:
    for module in ("pip", "setuptools", "hatchling"):
        answer = run(image, "python", "-c", f"import {module}")
        assert answer.returncode == 1
        assert "ModuleNotFoundError" in answer.stderr


def test_tests_and_sandbox_are_not_in_it(image: Stage) -> None:
    answer = run(image, "python", "-c", "import sandbox")
    assert "ModuleNotFoundError" in answer.stderr


def test_the_same_sources_give_the_same_bytes(stages: dict[str, Stage], tmp_path: Path) -> None:
    assert build(tmp_path, print, target="build")["build"].digest() == stages["build"].digest()
