"""No errors yet, no traffic, no series: neither a hole where a zero belongs, nor a number that is none."""

from __future__ import annotations

import pytest

from rules.generate import generate
from rules.problems import SpecificationError
from tests.service.rules.facts.virtual_time import (
    FAST,
    OWN,
    PAGES,
    TICKETS,
    Bench,
    firing,
    gives,
    never_nan_nor_infinite,
    nothing,
    number,
    requests,
    specification,
)

GOOD, BAD = requests("200"), requests("503")
MOMENTS = ("1m", "4m", "30m", "65m", "2h")
EVERY = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


def test_no_error_series_yet_is_an_sli_of_zero_with_its_labels(bench: Bench) -> None:
    rules = bench.rules(specification())
    checks = [gives(f"metricops:slo_error_ratio:rate{span}", "30m", {f"{{{OWN}}}": 0}) for span in EVERY]
    checks += [gives(f"metricops:slo_errors:rate{span}", "30m", {f"{{{OWN}}}": 0}) for span in ("5m", "1h")]
    checks += [gives("metricops:slo_error_budget_remaining:ratio", "30m", {f"{{{OWN}}}": 1})]
    bench.run({GOOD: "0+100x240"}, [*checks, *never_nan_nor_infinite(rules, MOMENTS), firing("2h", set())])


def test_the_first_error_after_no_error_series_is_seen(bench: Bench) -> None:
    """Nothing that was recorded as a zero before stands in its way."""
    bench.rules(specification())
    series = {GOOD: "0+100x60 6000x240", BAD: "_x60 0+100x240"}
    bench.run(series, [firing("29m", set()), firing("45m", PAGES | TICKETS)])


def test_zero_traffic_gives_no_number_into_long_windows(bench: Bench) -> None:
    """0/0 is left out, not recorded: two hours without requests change nothing in what was and what comes."""
    rules = bench.rules(specification())
    series = {GOOD: "0+90x120 10800x240 10800+90x240", BAD: "0+10x120 1200x240 1200+10x240"}
    checks = [
        nothing("metricops:slo_error_ratio:rate5m", "2h"),
        number("metricops:slo_error_ratio:rate6h", "2h", 0.1),
        number("metricops:slo_error_ratio:rate5m", "3h30m", 0.1),
        number("metricops:slo_error_ratio:rate6h", "5h", 0.1),
        number("metricops:slo_error_budget_remaining:ratio", "5h", 1 - 0.1 / 0.01),
        *never_nan_nor_infinite(rules, ("30m", "61m", "64m", "2h", "3h1m", "5h")),
    ]
    bench.run(series, checks)


def test_errors_without_events_do_not_divide_by_zero(bench: Bench) -> None:
    """The total of another scrape has stopped, that of the errors goes on: x/0 would be +Inf, and fire."""
    errors = 'rate(failed_total{namespace="shop",deployment="shop"}[$window])'
    total = 'rate(all_total{namespace="shop",deployment="shop"}[$window])'
    rules = bench.rules(specification(indicator={"errorsOverTotal": {"errors": errors, "total": total}}))
    labels = '{namespace="shop",deployment="shop"}'
    series = {f"failed_total{labels}": "0+5x240", f"all_total{labels}": "7x240"}
    bench.run(series, [*never_nan_nor_infinite(rules, MOMENTS), *(firing(at, set()) for at in MOMENTS)])


def test_a_number_that_is_none_in_the_source_does_not_fire(bench: Bench) -> None:
    """A counter that is NaN makes no ratio that is bad; nothing undoes on it."""
    bench.rules(specification())
    bench.run({GOOD: "0+1x240", BAD: "NaN " * 240}, [firing(at, set()) for at in MOMENTS])


def test_a_counter_that_is_born_with_its_errors_hides_them(bench: Bench) -> None:
    """`rate` needs two samples of a series. The burst that a new pod's first scrape already shows is never counted: no
    alert fires on it, also not for people. What fails from the second sample on is.
    """
    bench.rules(specification())
    hidden = {GOOD: "0+100x240", requests("503", "new"): "_x60 5000x180"}
    bench.run(hidden, [number("metricops:slo_errors:rate5m", "32m", 0), firing("32m", set()), firing("2h", set())])


def test_a_counter_that_is_born_with_its_errors_is_caught_up_with(bench: Bench) -> None:
    """It goes on failing every second request: seen from the second sample on, it fires once 14.4 % of the hour's
    requests have failed, that is 17 minutes of 50 % (18 with the steps), as if the first burst had not been.
    """
    bench.rules(specification())
    series = {GOOD: "0+100x120 12000+50x240", requests("503", "new"): "_x120 5000+50x240"}
    bench.run(
        series,
        [
            number("metricops:slo_error_ratio:rate5m", "70m", 0.5),
            firing("76m", set[tuple[str, str]]() | {("6h", ""), *TICKETS}),
            firing("79m", PAGES | TICKETS),
        ],
    )


def test_a_metric_that_vanishes_ends_the_alert_and_undoes_nothing(bench: Bench) -> None:
    """Absence is no error: the short window runs empty, and the alert that may undo ends with it."""
    rules = bench.rules(specification())
    series = {GOOD: "0+50x140 stale", BAD: "0+50x140 stale"}
    checks = [
        firing("70m", PAGES | TICKETS),
        firing("78m", {("6h", ""), *TICKETS}),
        nothing('ALERTS{metricops="undo"}', "78m"),
        nothing('ALERTS{metricops="undo"}', "3h"),
        *never_nan_nor_infinite(rules, ("70m", "76m", "78m", "2h", "3h")),
    ]
    bench.run(series, checks)


def test_absence_never_undoes(bench: Bench) -> None:
    """Whatever is missing from the beginning, or goes: no alert that may undo is even pending."""
    bench.rules(specification())
    for series in ({}, {GOOD: "_x480"}, {BAD: "_x480"}, {GOOD: "0+9x240 stale"}, {requests(pod="b"): "5 stale"}):
        bench.run(series, [nothing('ALERTS{metricops="undo"}', at) for at in ("1m", "30m", "2h", "2h6m", "4h")])


def test_nothing_but_errors_from_the_start(bench: Bench) -> None:
    """No good event ever: the ratio is 1, not missing."""
    bench.rules(specification())
    bench.run({BAD: "0+10x240"}, [number("metricops:slo_error_ratio:rate5m", "15m", 1), firing("15m", PAGES | TICKETS)])
    assert FAST in PAGES


def test_absence_is_told_to_people(bench: Bench) -> None:
    """Where the objective says so; the alert has no label that undoes, and ends when the series are back."""
    bench.rules(specification(alerting={"absent": "10m"}))
    alert = 'ALERTS{alertname="SliAbsent",alertstate="firing"}'
    series = {GOOD: "0+9x120 stale _x100 0+9x60"}
    checks = [nothing(alert, "60m"), nothing(alert, "74m"), number(f"count({alert})", "80m", 1), nothing(alert, "116m")]
    bench.run(series, [*checks, nothing('ALERTS{metricops="undo"}', "80m")])


@pytest.mark.parametrize("expression", ['absent(up{namespace="shop"})', "up > 1 or absent_over_time(up[5m])"])
def test_a_rule_about_absence_may_not_undo(expression: str) -> None:
    raw = {"objective": None, "window": None, "indicator": None}
    with pytest.raises(SpecificationError, match="silence blames no release"):
        specification(**raw, rule={"expr": expression})
    (rule,) = generate(specification(**raw, rule={"expr": expression, "undo": False})).rules
    assert "metricops" not in rule.labels
