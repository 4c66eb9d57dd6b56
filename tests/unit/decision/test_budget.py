"""How many undos fit, and until when one counts."""

from __future__ import annotations

from datetime import timedelta

from receiver.decision.budget import Limits, Slot, why_over_budget
from tests.unit.scenario import NOW

LIMITS = Limits(namespace=2, cluster=3, window=timedelta(hours=1))


def slots(*places: tuple[str, int]) -> list[Slot]:
    """Slots by namespace and age in minutes."""
    return [Slot(f"{name}/{age}", name, NOW - timedelta(minutes=age)) for name, age in places]


def over(*places: tuple[str, int], namespace: str = "prod") -> str | None:
    return why_over_budget(slots(*places), namespace, LIMITS, NOW)


def test_one_more_fits() -> None:
    assert over() is None
    assert over(("prod", 1)) is None
    assert over(("prod", 1), ("test", 1)) is None


def test_the_namespaces_budget_is_its_own() -> None:
    spent = over(("prod", 10), ("prod", 20))
    assert spent == (
        "2 undos in namespace prod within 1:00:00, the budget is 2; one is free again at 2026-03-01T12:40:00Z"
    )
    assert over(("prod", 10), ("prod", 20), namespace="test") is None


def test_the_clusters_budget_is_everybodys() -> None:
    spent = over(("a", 10), ("b", 30), ("c", 20))
    assert spent == "3 undos in the cluster within 1:00:00, the budget is 3; one is free again at 2026-03-01T12:30:00Z"


def test_a_slot_counts_for_the_window_and_no_longer() -> None:
    assert over(("prod", 59), ("prod", 1)) is not None
    assert over(("prod", 60), ("prod", 1)) is None


def test_after_a_lower_budget_enough_must_become_free() -> None:
    spent = over(("prod", 10), ("prod", 20), ("prod", 50))
    assert spent is not None
    assert spent.endswith("one is free again at 2026-03-01T12:40:00Z")
