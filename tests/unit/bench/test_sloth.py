"""Which sloth the comparison is with."""

from __future__ import annotations

import pytest

from bench.rules.sloth import MODULE, required_version


def test_go_mod_names_one_release() -> None:
    assert required_version((MODULE / "go.mod").read_text()) == "v0.16.0"


def test_a_go_mod_without_sloth_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not require"):
        required_version("module example.org/x\n\ngo 1.26.0\n")
