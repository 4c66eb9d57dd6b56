"""The parts of the comparison with sloth that judge: the definition, the courses of events, what promtool says."""

from __future__ import annotations

from fractions import Fraction

import pytest

from bench.rules.comparison import BudgetLeft, Difference, Fired, Outcome
from bench.rules.definition import Definition, Pair
from bench.rules.evaluation import runs, samples
from bench.rules.report import report
from bench.rules.scenarios import Moment, Scenario, scenarios
from bench.rules.series import Clients, Counts, Requests, Satisfaction, Source

BUDGET = Fraction(1, 100)
PAIR = Pair("page", long=60, short=5, factor=Fraction(10))
SCENARIOS = scenarios((14.4, 6, 3, 1))
SOURCES = (Requests("shop"), Clients(), Satisfaction())


def judge(errors: list[int]) -> Definition:
    return Definition(Counts([100] * len(errors), errors), step=1)


def test_an_alert_fires_while_both_windows_are_above_the_threshold() -> None:
    # 20 % of the events fail from minute 60 on, for an hour: the threshold is 10 %.
    found = judge([0] * 60 + [20] * 60 + [0] * 60).firing("page", (PAIR,), BUDGET)
    # The hour is above it from 31 such minutes on; the five minutes hold more than 10 % up to two good ones.
    assert found == set(range(90, 122))


def test_a_ratio_on_the_threshold_is_not_above_it() -> None:
    assert judge([10] * 60).firing("page", (PAIR,), BUDGET) == set()
    assert judge([10] * 59 + [11]).firing("page", (PAIR,), BUDGET) == {59}


def test_another_severity_and_no_events_do_not_fire() -> None:
    assert judge([100] * 60).firing("ticket", (PAIR,), BUDGET) == set()
    assert Definition(Counts([0] * 60, [0] * 60), step=1).firing("page", (PAIR,), BUDGET) == set()


def test_the_budget_that_is_left_counts_events_not_minutes() -> None:
    assert Definition(Counts([1000, 10], [0, 5]), step=1).budget_left(BUDGET) == 1 - Fraction(5, 1010) / BUDGET


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: type(source).__name__)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_each_course_has_a_sample_and_a_count_per_evaluation(source: Source, scenario: Scenario) -> None:
    course = source.course(scenario, BUDGET)
    for one in course.series:
        assert len(one["values"].split()) == scenario.evaluations, one["series"]
    assert len(course.counts.events) == len(course.counts.errors) == scenario.evaluations
    assert all(0 <= bad <= all_ for bad, all_ in zip(course.counts.errors, course.counts.events, strict=True))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: type(source).__name__)
def test_the_errors_are_the_burn_rates_share_of_the_events(source: Source) -> None:
    course = source.course(Scenario("steady", 10, lambda _: Moment(burn=4)), BUDGET)
    ratio = Definition(course.counts, step=1).ratio(600, 600)
    assert ratio is not None
    assert float(ratio) == pytest.approx(0.04, rel=0.01)


def test_counters_add_up_and_begin_anew_at_a_restart() -> None:
    restart = Scenario("restart", 0.05, lambda hour: Moment(restart=abs(hour - 2 / 60) < 1e-9))
    values = [one["values"].split() for one in Requests("shop").course(restart, BUDGET).series]
    totals = [sum(int(value) for value in moment) for moment in zip(*values, strict=True)]
    assert totals == [0, 200_000, 200_000, 400_000]


def test_gaps_are_missing_samples_or_stale_markers() -> None:
    def course(moment: Moment, born_late: bool = False) -> list[list[str]]:
        gap = Scenario("gap", 0.05, lambda hour: moment if hour > 0.03 else Moment(), born_late=born_late)
        return [one["values"].split() for one in Requests("shop").course(gap, BUDGET).series]

    assert all(values[2:] == ["_", "_"] for values in course(Moment(sight="missed")))
    assert all(values[2:] == ["stale", "_"] for values in course(Moment(sight="gone")))
    assert [values[0] for values in course(Moment(), born_late=True)] == ["0", "0", "_", "_"]


def test_what_promtool_says_is_read_by_step() -> None:
    output = """Unit Testing:  test.yml

  FAILED:
    expr: "group by (a) (ALERTS{state=\\"firing\\"})", time: 1d33m,
        exp: nil
        got: {a="x", b="sl\\"oth"} 1E+00, {a="y"} NaN
"""
    found = list(samples(output, step=3))
    assert [(one.step, dict(one.labels)) for one in found] == [
        (491, {"a": "x", "b": 'sl\\"oth'}),
        (491, {"a": "y"}),
    ]
    assert found[0].value == 1


def test_what_promtool_says_of_a_failing_rule_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="many-to-many"):
        list(samples("  FAILED:\n    rule: x, time: 1m, err: many-to-many matching\n", step=1))


def test_runs_of_steps() -> None:
    assert runs({1, 2, 3, 7, 9, 10}) == [(1, 3), (7, 7), (9, 10)]
    assert runs(set()) == []


def test_the_report_tells_each_difference_and_each_budget_that_is_off() -> None:
    outcome = Outcome("a.yml", "spike")
    outcome.fired.append(Fired("slo", "page", 100, 5, 7, 7, 2, 0))
    outcome.differences.append(
        Difference("a.yml", "slo", "spike", "page", 10, 11, 2, "metricops", "rounding", "metricops")
    )
    outcome.budgets += [BudgetLeft("slo", float("nan"), 0.5, 0.5), BudgetLeft("quiet", 0.5, 0.501, 0.5)]
    text = report([outcome])
    assert "at 2 of them only one side fires" in text
    assert "10 to 11 min" in text
    assert "nan %" in text
    assert "quiet" not in text
