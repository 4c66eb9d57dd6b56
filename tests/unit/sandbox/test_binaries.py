from __future__ import annotations

import re

import pytest

from sandbox.binaries import DEFAULT_VERSION, SOURCE, control_plane_binaries, exact_version, versions


def test_the_versions_that_can_be_built() -> None:
    assert versions() == ["1.34", "1.36", "1.37"]
    assert DEFAULT_VERSION in versions()


def test_a_version_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match=r"found '1\.20', expected one of 1\.34, 1\.36, 1\.37"):
        control_plane_binaries("1.20", progress=lambda _: None)


@pytest.mark.parametrize("version", versions())
def test_each_module_requires_a_release_of_its_version(version: str) -> None:
    go_mod = (SOURCE / version / "go.mod").read_text()
    exact = exact_version(go_mod)
    assert exact.startswith(f"v{version}.")
    staging = exact.replace("v1.", "v0.", 1)
    replaced = re.findall(r"^\t?(?:replace )?(k8s\.io/\S+) => (\S+) (\S+)$", go_mod, re.MULTILINE)
    assert len(replaced) > 25
    assert {(old == new, released) for old, new, released in replaced} == {(True, staging)}


def test_a_module_that_does_not_require_kubernetes_is_refused() -> None:
    with pytest.raises(ValueError, match="does not require"):
        exact_version("module m\n\ngo 1.26.0\n")
