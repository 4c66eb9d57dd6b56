"""Raw ratios that are quotients: what failed can be counted, and may be undone."""

from __future__ import annotations

import pytest

from rules.foreign.context import Settings
from rules.foreign.query import Query, tree_of
from rules.foreign.quotient import quotient_of
from rules.foreign.workloads import Workloads
from rules.specification import EventRatio, RatioQuery
from tests.unit.rules.foreign.reading import budget_of, read, undoing
from tests.unit.rules.foreign.test_sloth import CART, PLAIN

HEAD = PLAIN.split("      events:")[0]
A, B = "sum(rate(a[$window]))", "sum(rate(b[$window]))"


def raw(query: str) -> str:
    return f"{HEAD}      raw:\n        error_ratio_query: '{query.replace('$window', '{{.window}}')}'\n"


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        (f"{A} / {B}", (A, B, False)),
        (f"(({A}/{B}))", (A, B, False)),
        (f"1 - {A} / {B}", (A, B, True)),
        (f"1 - ({A} / {B})", (A, B, True)),
        ("(x - y) / z", ("(x - y)", "z", False)),
        ("x / y / z", ("x / y", "z", False)),
        ('x{a="/"} / y{b="1 / (2"}', ('x{a="/"}', 'y{b="1 / (2"}', False)),
        ("x", None),
        ("1 - x", None),
        ("2 - x / y", None),
        ("x - y / z", None),
        ("1 - (1 - x / y)", None),
        ("x / on (a) y", None),
        ("sum(x / y)", None),
    ],
)
def test_quotients(query: str, parts: tuple[str, str, bool] | None) -> None:
    found = quotient_of(Query(query, tree_of(query)))
    assert (found and (found.part.text, found.total.text, found.is_good)) == parts


def test_one_of_events_is_read_as_two_queries() -> None:
    judged = Settings(workloads=Workloads(CART))
    budget = budget_of(raw(f"{A} / {B}"), judged)
    assert budget.indicator == EventRatio("rate(b[$window])", errors="rate(a[$window])")
    assert undoing(budget) == [True, False, False, False]
    assert read(raw(f"{A} / {B}"), judged).notes == ()
    assert budget_of(raw(f"1 - {A} / {B}")).indicator == EventRatio("rate(b[$window])", good="rate(a[$window])")


@pytest.mark.parametrize("query", [f"{A} / 2", f"{A} / sum(increase(b[$window]))", "x_over_time:ratio$window / y"])
def test_any_other_stays_a_ratio(query: str) -> None:
    assert budget_of(raw(query)).indicator == RatioQuery(query)
