from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import binaries
from sandbox.binaries import PROGRAMS, control_plane_binaries


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs that say they are Kubernetes 1.36.9, and no build."""

    def refuse(*_: object) -> Path:
        raise AssertionError("a build was asked for")

    monkeypatch.setattr(binaries, "built_once", refuse)
    folder = tmp_path / "assets"
    folder.mkdir()
    for program in PROGRAMS:
        (folder / program).write_text("#!/bin/sh\necho Kubernetes v1.36.9\n")
        (folder / program).chmod(0o755)
    return folder


def find() -> binaries.ControlPlaneBinaries:
    return control_plane_binaries("1.36", progress=lambda _: None)


@pytest.mark.parametrize("variable", ["KUBEBUILDER_ASSETS", "PATH"])
def test_programs_that_are_there_are_taken(assets: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv(variable, str(assets) if variable != "PATH" else f"{assets}:/usr/bin:/bin")
    found = find()
    assert found.version == "v1.36.9"
    assert found["kube-apiserver"] == assets / "kube-apiserver"


def test_programs_of_another_version_are_not(assets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    (assets / "kube-apiserver").write_text("#!/bin/sh\necho Kubernetes v1.35.1\n")
    with pytest.raises(AssertionError, match="a build was asked for"):
        find()


def test_a_folder_that_lacks_one_is_not(assets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    (assets / "kube-scheduler").unlink()
    with pytest.raises(AssertionError, match="a build was asked for"):
        find()
