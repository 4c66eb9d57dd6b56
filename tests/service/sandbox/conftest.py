"""One real control plane, without nodes, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.cluster import ControlPlane


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(progress=print) as plane:
        yield plane
