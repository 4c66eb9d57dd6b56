"""Which series an event is counted in, by the selectors of the objective's own queries."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from rules.indicators import faster_than_natively, share_of_time
from rules.parse import parse
from rules.proof.events import Events, Mixture, events_of
from rules.proof.forms import NotTestable, forms_of
from rules.proof.traffic import Segment, input_series
from rules.specification import ErrorBudget, EventRatio, Indicator, PerWorkload, RatioQuery, Subject
from tests.unit.rules.test_generate import EXAMPLES

SLO = parse(EXAMPLES["slo"].read_bytes(), "slo.yaml")[0]
assert isinstance(SLO.judge, ErrorBudget)
BUDGET = SLO.judge
EACH = PerWorkload("deployment", "namespace", "app")


def events(indicator: Indicator, subject: Subject = SLO.subject, grouping: tuple[str, ...] = ()) -> Events:
    budget = replace(BUDGET, indicator=indicator, grouping=grouping)
    return events_of(replace(SLO, subject=subject, judge=budget), budget, forms_of(indicator))


def shown(mixture: Mixture) -> dict[str, float]:
    """`{'x{code=500}': 1}`; of a native histogram with the bucket: `{'h{}[2^-3]': 1}`."""
    found = {}
    for part in mixture:
        matchers = ",".join(f"{name}={value}" for name, value in part.labels.items() if name != "__name__")
        bucket = "" if part.bucket is None else f"[2^{part.bucket}]"
        found[f"{part.labels['__name__']}{{{matchers}}}{bucket}"] = float(part.amount)
    return found


@pytest.mark.parametrize(
    ("indicator", "good", "failed"),
    [
        pytest.param(
            EventRatio("rate(x[$window])", errors='rate(x{code=~"5.."}[$window])'),
            {"x{code=other}": 1},
            {"x{code=500}": 1},
            id="errors among all",
        ),
        pytest.param(
            EventRatio('sum(rate(x{job="a"}[$window]))', errors="sum(rate(y[$window])) or vector(0)", aggregated=True),
            {"x{job=a}": 1},
            {"x{job=a}": 1, "y{}": 1},
            id="errors of a metric of their own",
        ),
        pytest.param(
            EventRatio("rate(h_count[$window])", good='rate(h_bucket{le=~"0.3|0.30"}[$window])'),
            {"h_count{}": 1, "h_bucket{le=003}": 1},
            {"h_count{}": 1},
            id="latency",
        ),
        pytest.param(
            EventRatio("rate(h_count[$window])", errors='rate(h_count[$window]) - rate(h_bucket{le="0.3"}[$window])'),
            {"h_count{}": 1, "h_bucket{le=0.3}": 1},
            {"h_count{}": 1},
            id="latency by subtraction",
        ),
        pytest.param(
            EventRatio('rate(x{code!~"4.."}[$window])', good='rate(x{code=~"2..|3..",code!="404"}[$window])'),
            {"x{code=200}": 1},
            {"x{code=other}": 1},
            id="good ones",
        ),
        pytest.param(
            EventRatio("rate(good[$window]) + rate(bad[$window])", errors="rate(bad[$window])"),
            {"good{}": 1},
            {"bad{}": 1},
            id="all are the sum of two",
        ),
        pytest.param(
            RatioQuery('1 - (sum(rate(a{code!~"5.."}[$window])) / sum(rate(a[$window])))', "sum(rate(z[$window]))"),
            {"a{code=other}": 1, "z{}": 1},
            {"a{code=500}": 1, "z{}": 1},
            id="a ratio, and events counted elsewhere",
        ),
        pytest.param(
            RatioQuery('sum(rate(a{kind="bad"}[$window]) * 2) / sum(rate(a[$window]))'),
            {"a{kind=other}": 1},
            {"a{kind=bad}": 0.5, "a{kind=other}": 0.5},
            id="a weight",
        ),
        pytest.param(
            EventRatio('rate({__name__=~"http_.*_total",code="500"}[$window])', good="rate(good[$window])"),
            {"http__total{code=500}": 1, "good{}": 1},
            {"http__total{code=500}": 1},
            id="a pattern for the metric's name",
        ),
        pytest.param(share_of_time('up{job="a"}'), {"up{job=a}": 1}, {"up{job=a}": 0}, id="a gauge"),
        pytest.param(RatioQuery("1 - avg(avg_over_time(up[$window]))"), {"up{}": 1}, {"up{}": 0}, id="a gauge's mean"),
        pytest.param(
            RatioQuery("sum(sum_over_time(x[$window])) / sum(count_over_time(x[$window]))"),
            {"x{}": 0},
            {"x{}": 1},
            id="a gauge of errors",
        ),
        pytest.param(
            faster_than_natively('h{job="a"}', Fraction(3, 10)),
            {"h{job=a}[2^-3]": 1},
            {"h{job=a}[2^1]": 1},
            id="a native histogram",
        ),
        pytest.param(
            RatioQuery("1 - histogram_fraction(0, 0.25, sum(rate(h[$window])))"),
            {"h{}[2^-3]": 1},
            {"h{}[2^0]": 1},
            id="a share of a native histogram",
        ),
    ],
)
def test_events(indicator: Indicator, good: dict[str, float], failed: dict[str, float]) -> None:
    found = events(indicator)
    assert shown(found.good) == good
    assert shown(found.failed) == failed


def test_a_workload_of_many_and_its_neighbour() -> None:
    indicator = EventRatio("rate(x[$window])", errors='rate(x{code="500"}[$window])')
    found = events(indicator, EACH, ("path",))
    assert found.labels.keys() == {"namespace", "app", "path"}
    assert all(part.labels.items() >= found.labels.items() for part in (*found.good, *found.failed))
    changed = {name for name in found.labels if found.labels[name] != found.neighbour[name]}
    assert changed == {"app"}


def test_a_workload_that_the_query_names_has_a_neighbour_elsewhere() -> None:
    matcher = 'app="shop",namespace=~"prod.*"'
    found = events(EventRatio(f"rate(x{{{matcher}}}[$window])", errors=f"rate(y{{{matcher}}}[$window])"), EACH)
    assert found.labels == {"namespace": "prod", "app": "shop"}
    assert found.neighbour["app"] == "shop"
    assert found.neighbour["namespace"].startswith("prod-")


def test_pods_are_told_apart_by_a_label_that_no_query_looks_at() -> None:
    found = events(EventRatio('rate(x{pod=~"shop.*"}[$window])', errors="rate(y[$window])"))
    assert found.pod == "instance"


@pytest.mark.parametrize(
    ("indicator", "why"),
    [
        (RatioQuery("1 - max_over_time(up[$window])"), "its sum, average or count over the window (max_over_time)"),
        (RatioQuery("1 - avg_over_time((up == 1)[$window:1m])"), "over time (avg_over_time of a subquery)"),
        (EventRatio("rate(x[$window])", errors="sum_over_time(y[$window])"), "reads counters and gauges at once"),
        (
            RatioQuery("histogram_quantile(0.9, rate(x[$window]))"),
            "by histogram_count and histogram_fraction (histogram_quantile)",
        ),
        (EventRatio("rate(x[$window])", errors="rate(x[$window])"), "no way to tell a failed event from a good one"),
        (EventRatio("rate(x[$window])", errors="increase(y[$window])"), "increase and rate, which are different units"),
        (EventRatio("rate(x[$window] offset 5m)", errors="rate(y[$window])"), "an earlier or a fixed time"),
        (EventRatio("max(rate(x[$window]))", errors="rate(y[$window])"), "takes the max of counters"),
        (EventRatio("rate(x[$window])", errors="y > bool 0.5"), "reads a gauge otherwise"),
        (EventRatio("rate(x[$window])", errors="rate(y[$window]) ^ 2"), "a '^' that is no arithmetic"),
        (EventRatio("rate(x[$window])", errors="2 * rate(y[$window]) * rate(x[$window])"), "a '*' that is no"),
        (EventRatio("rate(x[$window])", errors="sum(rate(y[$window])) + 1"), "is no sum of counters' rates"),
        (RatioQuery("rate(x[$window])"), "not one count of events divided by another"),
        (EventRatio(r'rate(x{a=~"\\pN"}[$window])', errors="rate(y[$window])"), "a matcher that is not understood"),
        (EventRatio('rate(x{a=~"b",a!~"b"}[$window])', errors='rate(x{a="b"}[$window])'), "no way to tell"),
    ],
)
def test_why_there_are_none(indicator: Indicator, why: str) -> None:
    with pytest.raises(NotTestable) as raised:
        events(indicator)
    assert why in str(raised.value)


def test_too_many_kinds_of_series() -> None:
    matchers = ",".join(f'l{number}="a",l{number}!="b"' for number in range(13))
    with pytest.raises(NotTestable, match="kinds of series apart"):
        events(EventRatio(f"rate(x{{{matchers}}}[$window])", errors="rate(y[$window])"))


def test_counters_over_time() -> None:
    found = events(EventRatio("rate(x[$window])", errors='rate(x{code="500"}[$window])'))
    traffic = [Segment(10, Fraction(100)), Segment(5, Fraction(100), Fraction(5)), Segment(2, Fraction(0))]
    assert input_series(found, traffic) == [
        {"series": 'x{code="other",pod="a"}', "values": "0 60+60x9 657+57x4 885+0x1"},
        {"series": 'x{code="other",pod="b"}', "values": "0 40+40x9 438+38x4 590+0x1"},
        {"series": 'x{code="500",pod="a"}', "values": "0 0+0x9 3+3x4 15+0x1"},
        {"series": 'x{code="500",pod="b"}', "values": "0 0+0x9 2+2x4 10+0x1"},
    ]
    clean = input_series(found, [Segment(10, Fraction(100))], ends=True, no_errors_yet=True)
    assert [one["values"] for one in clean] == ["0 60+60x9 stale", "0 40+40x9 stale"]


def test_gauges_over_time() -> None:
    traffic = [Segment(10, Fraction(100)), Segment(5, Fraction(100), Fraction(25)), Segment(2, Fraction(100))]
    series = input_series(events(share_of_time("up")), traffic, ends=True)
    assert series[0] == {"series": 'up{pod="a"}', "values": "1 1x9 0.75x4 1x1 stale"}


def test_native_histograms_over_time() -> None:
    traffic = [Segment(2, Fraction(100)), Segment(1, Fraction(100), Fraction(10))]
    series = input_series(events(faster_than_natively("h", Fraction(1, 4))), traffic)
    values = (
        f"{{{{schema:0 count:{count} sum:{count} offset:-3 buckets:[{good} 0 0 {bad}]}}}}"
        for count, good, bad in ((0, 0, 0), (60, 60, 0), (120, 120, 0), (180, 174, 6))
    )
    assert series[0] == {"series": 'h{pod="a"}', "values": " ".join(values)}


def test_counters_count_in_whole_numbers() -> None:
    """A counter that is a rounding error lower than before would start anew."""
    found = events(EventRatio("rate(x[$window])", errors='rate(x{code="500"}[$window])'))
    traffic = [Segment(10, Fraction(1_000_000, 7)), Segment(5, Fraction(1_000_000, 7), Fraction(1, 3))]
    assert not any("." in one["values"] for one in input_series(found, traffic))
