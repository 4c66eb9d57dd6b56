"""What foreign queries count, and which labels tell their series apart."""

from __future__ import annotations

import pytest

from rules.foreign.output import output_labels
from rules.specification import EventRatio
from rules.syntax import parse_query
from tests.unit.rules.foreign.reading import budget_of, read, refusal
from tests.unit.rules.foreign.test_sloth import PLAIN

ERRORS, TOTAL = 'sum(rate(errors_total{app="cart"}[{{.window}}]))', 'sum(rate(events_total{app="cart"}[{{ .window }}]))'


def spec(errors: str, total: str) -> str:
    return PLAIN.replace(ERRORS, f"|-\n          {errors}").replace(TOTAL, f"|-\n          {total}")


def ratio_of(errors: str, total: str) -> EventRatio:
    indicator = budget_of(spec(errors, total)).indicator
    assert isinstance(indicator, EventRatio)
    return indicator


W = "[{{.window}}]"


@pytest.mark.parametrize(
    ("errors", "total", "errors_read", "total_read", "grouping"),
    [
        (f"sum(rate(e{W}))", f"sum(rate(t{W}))", "rate(e[$window])", "rate(t[$window])", ()),
        (f"sum(increase(e{W}))", f"sum(increase(t{W}))", "rate(e[$window])", "rate(t[$window])", ()),
        (f"sum(rate(e{W})) or vector(0)", f"sum(rate(t{W}))", "rate(e[$window])", "rate(t[$window])", ()),
        (f"sum(rate(e{W})) OR on() vector(0)", f"sum(rate(t{W}))", "rate(e[$window])", "rate(t[$window])", ()),
        (
            f"sum by (a, b) (rate(e{W}))",
            f"sum(rate(t{W})) by (b,a)",
            "rate(e[$window])",
            "rate(t[$window])",
            ("b", "a"),
        ),
        (
            f"sum(rate(e{W})) + sum(rate(f{W}))",
            f"sum(rate(t{W}))",
            "sum(rate(e[$window])) + sum(rate(f[$window]))",
            "sum(rate(t[$window]))",
            (),
        ),
        (
            f"sum by (a) (rate(e{W}))",
            f"sum by (a) (rate(t{W})) > 0",
            "sum by (a) (rate(e[$window]))",
            "sum by (a) (rate(t[$window])) > 0",
            ("a",),
        ),
        (
            f"sum by (a) (rate(e{W}))",
            f"sum(rate(t{W}))",
            "sum by (a) (rate(e[$window]))",
            "sum(rate(t[$window]))",
            (),
        ),
        (f"rate(e{W})", f"rate(t{W})", "rate(e[$window])", "rate(t[$window])", ()),
        (
            f'sum(rate(e{{x="increase("}}{W})) - sum(rate(g{W}))',
            f"sum(rate(t{W}))",
            'sum(rate(e{x="increase("}[$window])) - sum(rate(g[$window]))',
            "sum(rate(t[$window]))",
            (),
        ),
        (
            f'sum(increase(e{{x="increase("}}{W}))',
            f"sum(increase(t{W} offset 5m))",
            'rate(e{x="increase("}[$window])',
            "rate(t[$window] offset 5m)",
            (),
        ),
    ],
)
def test_events_per_second(
    errors: str, total: str, errors_read: str, total_read: str, grouping: tuple[str, ...]
) -> None:
    found = ratio_of(errors, total)
    assert (found.errors, found.total, found.countable) == (errors_read, total_read, True)
    assert found.aggregated == (errors_read.startswith("sum") or not errors.startswith("sum"))
    assert budget_of(spec(errors, total)).grouping == grouping


@pytest.mark.parametrize(
    "query",
    [
        "avg(rate(x[W]))",
        "max(rate(x[W]))",
        "sum(rate(x[W])) * 100",
        "sum(rate(x[W])) / 2",
        "sum(irate(x[W]))",
        "sum(delta(x[W]))",
        "sum(sum_over_time(x[W]))",
        "sum_over_time((count(x))[W:])",
        "sum(rate(x[5m])) + sum_over_time(y[W])",
        "sum(rate(x[5m])) and sum(rate(y[W]))",
        "count(rate(x[W]))",
        "-sum(rate(x[W]))",
        "sum(rate(x[W])) > bool 0",
        "sum(x:rateW)",
        "sum(rate(x[W])) + vector(1)",
        "clamp_max(rate(x[W]), 1)",
    ],
)
def test_what_one_failure_may_count_as_many_in(query: str) -> None:
    query = query.replace("W", "{{.window}}")
    found = ratio_of(query, f"sum(rate(t{W}))")
    assert (found.countable, found.aggregated) == (False, True)
    assert found.errors == query.replace("{{.window}}", "$window")


def test_a_rate_over_an_increase_is_no_ratio() -> None:
    assert refusal(spec(f"sum(rate(e{W}))", f"sum(increase(t{W}))")) == [
        "9: slos[0].sli.events: found rate in one and increase in the other, "
        "expected rate in both queries, or increase in both"
    ]


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("x", None),
        ("sum(x)", ""),
        ("sum by (a, b) (x)", "a b"),
        ("max(x) by (a)", "a"),
        ("sum without (a) (x)", None),
        ("topk(2, sum by (a) (x))", None),
        ("rate(x[5m])", None),
        ("sum_over_time(sum by (a) (x)[5m:])", "a"),
        ("vector(1)", ""),
        ("absent(x)", None),
        ("1 - sum by (a) (x)", "a"),
        ("sum by (a) (x) * 2", "a"),
        ("sum by (a) (x) / sum by (a) (y)", "a"),
        ("sum by (a, b) (x) / on (a) sum by (a, c) (y)", "a"),
        ("sum by (a, b) (x) / ignoring (b) sum by (a) (y)", "a"),
        ("sum by (a, b) (x) / on (a) group_left () sum by (a) (y)", None),
        ("sum by (a) (x) or sum by (b) (y)", "a b"),
        ("sum by (a) (x) or y", None),
        ("sum by (a) (x) and y", "a"),
        ("sum by (a) (x) / y", None),
        ("-sum by (a) (x)", "a"),
        ("abs((sum by (a) (x)))", "a"),
        ("histogram_quantile(0.9, sum by (a, le) (x))", "a"),
        ("histogram_fraction(0, 1, sum by (a) (x))", "a"),
        ('label_replace(sum by (a) (x), "b", "$1", "a", "(.*)")', "a b"),
        ("clamp_max(sum by (a) (x), 1)", "a"),
        ("time()", ""),
    ],
)
def test_labels_that_tell_series_apart(query: str, labels: str | None) -> None:
    assert output_labels(parse_query(query)) == (None if labels is None else frozenset(labels.split()))


def test_series_that_our_own_labels_would_make_one() -> None:
    problem = "expected series that are told apart by other labels"
    assert refusal(spec(f"sum by (slo) (rate(e{W}))", f"sum by (slo) (rate(t{W}))")) == [
        f"6: slos[0].name: found series for each slo, which the rules set to one value, {problem}"
    ]
    by_service = budget_of(spec(f"sum by (service) (rate(e{W}))", f"sum by (service) (rate(t{W}))"))
    assert by_service.grouping == ("service",)


def test_a_label_that_the_series_have_values_of() -> None:
    text = spec(f"sum by (team) (rate(e{W}))", f"sum by (team) (rate(t{W}))")
    found = read(text)
    assert found.series_labels == ()
    assert found.notes[-1] == "the label team='buy' is left out: the series have values of their own"
