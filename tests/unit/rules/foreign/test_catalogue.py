"""Catalogues of alert windows: given by themselves, or beside the objectives."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rules.foreign.catalogue import read_catalogues
from rules.foreign.context import Settings
from rules.problems import SpecificationError
from tests.unit.rules.foreign.reading import budget_of, refusal
from tests.unit.rules.foreign.test_sloth import PLAIN

WEEK = """\
apiVersion: sloth.slok.dev/v1
kind: AlertWindows
spec:
  sloPeriod: 7d
  page:
    quick: {errorBudgetPercent: 8, shortWindow: 5m, longWindow: 1h}
    slow: {errorBudgetPercent: 12.5, shortWindow: 30m, longWindow: 6h}
  ticket:
    quick: {errorBudgetPercent: 20, shortWindow: 2h, longWindow: 1d}
    slow: {errorBudgetPercent: 42, shortWindow: 6h, longWindow: 3d}
"""
PERIOD = timedelta(days=7)


def factors(text: str, settings: Settings) -> list[float]:
    return [float(window.factor) for window in budget_of(text, settings).windows]


def test_given_by_itself() -> None:
    windows = read_catalogues({"week.yaml": WEEK.encode()})
    assert factors(PLAIN, Settings(PERIOD, windows=windows)) == [13.44, 3.5, 1.4, 0.98]
    assert [window.undo for window in windows[PERIOD]] == [True, False, False, False]


def test_beside_the_objectives_in_any_order() -> None:
    assert factors(f"{PLAIN}---\n{WEEK}", Settings(PERIOD)) == [13.44, 3.5, 1.4, 0.98]


def test_of_another_period_it_does_not_count() -> None:
    assert factors(f"{PLAIN}---\n{WEEK}", Settings()) == [14.4, 6, 3, 1]
    assert factors(PLAIN, Settings(timedelta(days=28))) == [13.44, 5.6, 2.8, pytest.approx(0.9333333)]


def test_it_wins_over_the_workbook() -> None:
    month = WEEK.replace("7d", "30d").replace("errorBudgetPercent: 8,", "errorBudgetPercent: 1,")
    assert factors(f"{PLAIN}---\n{month}", Settings())[0] == 7.2


def test_a_short_period_needs_one() -> None:
    assert refusal(PLAIN, Settings(PERIOD)) == [
        "6: slos[0]: found a period of 7d, expected a period of at least 28d, or a catalogue (AlertWindows) for it"
    ]


def test_a_slow_page_does_not_undo() -> None:
    slow = WEEK.replace("shortWindow: 5m, longWindow: 1h", "shortWindow: 5m, longWindow: 2h")
    text = PLAIN.replace("team: buy", "metricops_workload: shop/deployment/cart")
    assert [window.undo for window in budget_of(f"{text}---\n{slow}", Settings(PERIOD)).windows] == [False] * 4


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("7d", "1M", "4: spec.sloPeriod: found '1M', expected a duration such as 30s, 5m, 1h30m or 30d, at most 100y"),
        ("  ticket:\n", "  tickets:\n", "3: spec.ticket: found nothing, expected quick and slow"),
        (
            "errorBudgetPercent: 8,",
            "errorBudgetPercent: 0,",
            "6: spec.page.quick.errorBudgetPercent: found 0 %, "
            "expected a percentage of the error budget above 0 and at most 100",
        ),
        (
            "shortWindow: 5m",
            "shortWindow: 1h",
            "6: spec.page.quick: found 1h and 1h, expected shortWindow < longWindow ≤ sloPeriod, 7d",
        ),
        (
            "longWindow: 3d",
            "longWindow: 8d",
            "10: spec.ticket.slow: found 6h and 8d, expected shortWindow < longWindow ≤ sloPeriod, 7d",
        ),
        (
            "longWindow: 3d",
            "longwindow: 3d",
            "10: spec.ticket.slow.longwindow: found the unknown field 'longwindow', expected longWindow",
        ),
        (
            "    quick: {errorBudgetPercent: 20, shortWindow: 2h, longWindow: 1d}\n",
            "",
            "8: spec.ticket.quick: found nothing",
        ),
    ],
)
def test_refusals(old: str, new: str, problem: str) -> None:
    assert refusal(WEEK.replace(old, new, 1))[0].startswith(problem)


def test_two_for_one_period() -> None:
    assert refusal(f"{WEEK}---\n{WEEK}") == ["14: spec: found a second one, expected one catalogue for 7d"]


def test_a_file_of_windows_holds_nothing_else() -> None:
    with pytest.raises(SpecificationError, match="f:1: version: found the unknown field 'version'"):
        read_catalogues({"f": PLAIN.encode()})
