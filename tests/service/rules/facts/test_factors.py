"""Burn rates: the factors of the workbook's table, exact for any period, and only those that can fire."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from rules.generate import generate
from rules.group import AlertRule, Recording
from rules.problems import SpecificationError
from rules.render import render_rule_file
from rules.specification import ErrorBudget
from rules.windows import number_text
from tests.service.rules.facts.virtual_time import (
    PAGES,
    TICKETS,
    Bench,
    firing,
    number,
    requests,
    specification,
    window,
)

FACTORS = {
    "30d": ("14.4", "6", "3", "1"),
    "28d": ("13.44", "5.6", "2.8", "(14 / 15)"),
    "2w": ("6.72", "2.8", "1.4", "(7 / 15)"),
    "7d": ("3.36", "1.4", "0.7", "(7 / 30)"),
    "90d": ("43.2", "18", "9", "3"),
}
"""2 % of the budget in an hour, 5 % in six, 10 % in a day and in three: share x period / long window."""
ROUNDING = re.compile(r"\.\d*(?:0{6,}|9{6,})\d")


@pytest.mark.parametrize("period", FACTORS)
def test_factors_are_exact_for_any_period(period: str) -> None:
    judge = specification(window=period, objective=99.9).judge
    assert isinstance(judge, ErrorBudget)
    assert tuple(number_text(found.factor) for found in judge.windows) == FACTORS[period]


@pytest.mark.parametrize("period", FACTORS)
@pytest.mark.parametrize("objective", [98, 99, 99.5, 99.9, 99.95, 99.99, 99.999])
def test_no_number_carries_a_rounding_error(period: str, objective: float) -> None:
    """1 - 0.999 is 0.001, and not 0.0010000000000000009, wherever it is written."""
    text = render_rule_file([generate(specification(window=period, objective=objective))])
    assert ROUNDING.findall(text) == []
    assert ROUNDING.findall(str(1 - 0.999))


def test_the_shape_is_the_workbooks_and_not_larger_than_others() -> None:
    """Windows of 5m, 30m, 1h, 2h, 6h, 1d and 3d; sloth makes 15 recordings of it."""
    rules = generate(specification()).rules
    recordings = [rule.record for rule in rules if isinstance(rule, Recording)]
    spans = {record.removeprefix("metricops:slo_error_ratio:rate") for record in recordings if "ratio:rate" in record}
    assert spans == {"5m", "30m", "1h", "2h", "6h", "1d", "3d"}
    assert len(recordings) <= 15
    assert len([rule for rule in rules if isinstance(rule, AlertRule)]) == 4


@pytest.mark.parametrize("period", ["28d", "30d", "7d", "2w"])
def test_each_period_fires_at_its_own_factor(bench: Bench, period: str) -> None:
    """The fast page just below its factor and just above it, over an hour."""
    bench.rules(specification(window=period))
    factor = Fraction(FACTORS[period][0])
    for times, fires in ((Fraction(95, 100), False), (Fraction(105, 100), True)):
        failed = round(10_000 * factor * times / 100)
        series = {requests("200"): f"0+{10_000 - failed}x140", requests("503"): f"0+{failed}x140"}
        found = {"expr": 'count(ALERTS{metricops="undo"})', "eval_time": "65m", "exp_samples": []}
        bench.run(series, [number('count(ALERTS{metricops="undo"})', "65m", 1) if fires else found])


@pytest.mark.parametrize(
    ("failed", "quiet", "fires"),
    [
        # 14.4 % · 60 min / 100 % = 8.6 min; at 50 % twice that; the slow page: 6 % · 6 h / 50 % = 43.2 min.
        (100, "1h8m", "1h10m"),
        (50, "1h16m30s", "1h19m"),
    ],
)
def test_the_detection_time_is_factor_budget_window_by_ratio(bench: Bench, failed: int, quiet: str, fires: str) -> None:
    bench.rules(specification())
    series = {
        requests("200"): f"0+100x120 12000+{100 - failed}x120",
        requests("503"): f"0x120 0+{failed}x120",
    }
    quiet_check = {"expr": 'ALERTS{metricops="undo"}', "eval_time": quiet, "exp_samples": []}
    bench.run(series, [quiet_check, number('count(ALERTS{metricops="undo",alertstate="firing"})', fires, 1)])


def test_a_total_outage_fires_all_windows(bench: Bench) -> None:
    bench.rules(specification())
    bench.run({requests("200"): "0x140", requests("503"): "0+9x140"}, [firing("65m", PAGES | TICKETS)])


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"objective": 90}, "14.4 · 0.1 = 1.44 ≥ 1"),
        (
            {"objective": 95, "alerting": {"windows": [window("page", "1h", "5m", 20)]}},
            "20 · 0.05 = 1 ≥ 1",
        ),
    ],
)
def test_an_alert_that_can_never_fire_is_refused_with_the_arithmetic(spec: dict[str, object], told: str) -> None:
    with pytest.raises(SpecificationError, match=re.escape(f"factor · (1 − objective) = {told}")):
        specification(**spec)


def test_a_factor_just_below_can_fire(bench: Bench) -> None:
    """19.9 · 5 % = 99.5 %: a total outage is above it."""
    bench.rules(specification(objective=95, alerting={"windows": [window("page", "1h", "5m", 19.9)]}))
    bench.run({requests("503"): "0+9x140"}, [firing("65m", {("1h", "undo")})])


@pytest.mark.parametrize("objective", [100, 100.0, 101])
def test_an_objective_without_a_budget_is_refused(objective: float) -> None:
    with pytest.raises(SpecificationError, match="at 100 there is no error budget"):
        specification(objective=objective)
