from __future__ import annotations

from dataclasses import replace

import pytest

from receiver.decision.identity import rollback_name
from tests.unit.scenario import REF, V1, V2, workload


def named(name: str) -> str:
    return rollback_name(workload(ref=replace(REF, name=name)), V2)


def test_a_name_stays_what_it_was() -> None:
    """Names are the deduplication: another name for the same revision would undo it twice."""
    assert rollback_name(workload(), V2) == "shop-2-d11c4b3237"
    assert rollback_name(workload(), V1).startswith("shop-1-")
    assert rollback_name(workload(uid="u-2"), V2) != rollback_name(workload(), V2)


@pytest.mark.parametrize(
    ("name", "readable"),
    [("a" * 41, "a" * 40), ("a" * 39 + "-b", "a" * 39), ("a" * 39 + ".b", "a" * 39), ("a" * 38 + "-.b", "a" * 38)],
)
def test_a_long_name_is_cut_where_a_dns_name_may_end(name: str, readable: str) -> None:
    assert named(name).rsplit("-", 2)[0] == readable
