from __future__ import annotations

import pytest

from sandbox.binaries import SOURCE, versions
from sandbox.toolchain import required_go, version_tuple


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26, 8)),
        ("1.26.0", (1, 26, 0)),
        ("2.53.3+ds1", (2, 53, 3)),
        ("", ()),
        ("devel", ()),
    ],
)
def test_version_as_numbers(text: str, expected: tuple[int, ...]) -> None:
    assert version_tuple(text) == expected


def test_an_older_toolchain_is_too_old() -> None:
    assert version_tuple("go version go1.19.8 linux/amd64") < version_tuple(required_go("module m\n\ngo 1.26.0\n"))
    assert version_tuple("go version go1.27 linux/amd64") > version_tuple(required_go("module m\n\ngo 1.26.0\n"))


def test_go_mod_without_a_go_line_is_refused() -> None:
    with pytest.raises(ValueError, match="no go line"):
        required_go("module m\n")


@pytest.mark.parametrize("version", versions())
def test_every_version_says_which_go_it_needs(version: str) -> None:
    assert version_tuple(required_go((SOURCE / version / "go.mod").read_text())) >= (1, 24)
