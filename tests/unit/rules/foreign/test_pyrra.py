"""pyrra's format: what is read, and what is refused with which words."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest

from rules.durations import format_duration
from rules.foreign.scaled import windows_over
from rules.generate import generate
from rules.group import AlertRule, Recording
from rules.selectors import A_SELECTOR
from rules.specification import EventRatio, ForPeople, WorkloadTarget
from tests.unit.rules.foreign.reading import budget_of, read, refusal, undoing

RATIO = """\
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata:
  name: cart-errors
  namespace: shop
  labels: {prometheus: k8s, pyrra.dev/team: buy}
  annotations: {metricops.dev/workload: deployment/cart, pyrra.dev/runbook: "https://r/{{ $labels.slo }}"}
spec:
  description: Carts are filled.
  target: "99.9"
  window: 4w
  indicator:
    ratio:
      errors: {metric: 'requests_total{job="cart",code=~"5.."}'}
      total: {metric: 'requests_total{job="cart"}'}
  alerting:
    name: CartErrors
"""
HEAD = RATIO.split("    ratio:", maxsplit=1)[0]
LATENCY = f"""{HEAD}    latency:
      success: {{metric: 'seconds_bucket{{job="cart",le="0.5"}}'}}
      total: {{metric: 'seconds_count{{job="cart"}}'}}
"""
NATIVE = f"{HEAD}    latencyNative: {{latency: 250ms, total: {{metric: seconds}}, grouping: [handler]}}\n"
GAUGE = f"{HEAD}    bool_gauge: {{metric: probe_success, grouping: [target]}}\n"


def alerts_of(text: str) -> list[str]:
    return [rule.alert for rule in generate(read(text)).rules if isinstance(rule, AlertRule)]


def test_ratio() -> None:
    found = read(RATIO)
    assert (found.name, found.service, found.namespace, found.alert) == (
        "cart-errors",
        "cart-errors",
        "shop",
        "CartErrors",
    )
    assert found.subject == WorkloadTarget("shop", "deployment", "cart")
    assert found.description == "Carts are filled."
    assert found.labels == (("prometheus", "k8s"), ("pyrra.dev/team", "buy"))
    assert found.series_labels == (("job", "cart"), ("team", "buy"))
    assert (found.page.labels, found.ticket.labels) == ((("severity", "critical"),), (("severity", "warning"),))
    assert found.page.annotations == (("runbook", "https://r/{{ $labels.slo }}"),)
    assert found.notes == ()
    budget = budget_of(RATIO)
    assert (budget.objective, budget.period) == (Fraction(999, 1000), timedelta(weeks=4))
    assert budget.indicator == EventRatio(
        'rate(requests_total{job="cart"}[$window])', errors='rate(requests_total{job="cart",code=~"5.."}[$window])'
    )
    # 2 %, 5 %, 10 % and 10 % of the budget of four weeks: exactly, not 14, 7, 2 and 1.
    assert [str(window.factor) for window in budget.windows] == ["336/25", "28/5", "14/5", "14/15"]
    assert undoing(budget) == [True, False, False, False]


def test_success_of_all() -> None:
    budget = budget_of(RATIO.replace("errors:", "success:"))
    assert isinstance(budget.indicator, EventRatio)
    assert (budget.indicator.errors, budget.indicator.good) == (
        "",
        'rate(requests_total{job="cart",code=~"5.."}[$window])',
    )


def test_latency() -> None:
    assert budget_of(LATENCY).indicator == EventRatio(
        'rate(seconds_count{job="cart"}[$window])',
        good='rate(seconds_bucket{job="cart",le="0.5"}[$window])',
        same_series=True,
    )


@pytest.mark.parametrize(
    ("bound", "matcher"),
    [
        ('le="1"', r'le=~"1|1\\.0"'),
        ('le="1.0"', r'le=~"1|1\\.0"'),
        ('le=~"2.*"', 'le=~"2.*"'),
        ('le="+Inf"', 'le="+Inf"'),
    ],
)
def test_a_whole_bound_in_both_spellings(bound: str, matcher: str) -> None:
    indicator = budget_of(LATENCY.replace('le="0.5"', bound)).indicator
    assert isinstance(indicator, EventRatio)
    assert indicator.good == f'rate(seconds_bucket{{job="cart",{matcher}}}[$window])'


def test_native_latency() -> None:
    budget = budget_of(NATIVE)
    rate = "rate(seconds[$window])"
    assert budget.indicator == EventRatio(
        f"histogram_count({rate})", errors=f"histogram_fraction(0.25, +Inf, {rate}) * (histogram_count({rate}) > 0)"
    )
    assert undoing(budget) == [True, False, False, False]
    assert budget.grouping == ("handler",)


def test_boolean_gauge() -> None:
    budget = budget_of(GAUGE)
    assert budget.indicator == EventRatio(
        "count_over_time(probe_success[$window])",
        good="sum_over_time(probe_success[$window])",
        countable=False,
        same_series=True,
    )
    assert (budget.grouping, undoing(budget)) == (("target",), [False] * 4)
    assert read(GAUGE).notes == (
        "nothing is undone: failed events are counted only as rate or increase over the window",
    )


def test_grouped_by_service() -> None:
    """The label that tells series apart is theirs: a fixed one over it would give one series twice."""
    text = RATIO.replace("total: {metric", "grouping: [service, method]\n      total: {metric").replace(
        'job="cart"', 'job="cart",service=~".+",method="GET"'
    )
    found = read(text)
    assert budget_of(text).grouping == ("service", "method")
    assert found.series_labels == (("job", "cart"), ("team", "buy"))
    for rule in generate(found).rules:
        assert "service" not in rule.labels
        assert "method" not in rule.labels
        if isinstance(rule, Recording) and "requests_total" in rule.expression:
            assert "sum by (service, method)" in rule.expression


@pytest.mark.parametrize(
    ("labels", "matchers", "service"),
    [
        ("pyrra.dev/service: carts", 'service="other"', "carts"),
        ("pyrra.dev/team: buy", 'service="other"', "other"),
        ("pyrra.dev/team: buy", 'service="not a name"', "cart-errors"),
    ],
)
def test_the_service(labels: str, matchers: str, service: str) -> None:
    text = RATIO.replace("pyrra.dev/team: buy", labels).replace('job="cart"', matchers)
    assert read(text).service == service


def test_without_a_workload_or_alerts() -> None:
    text = RATIO.replace("metricops.dev/workload: deployment/cart, ", "")
    assert read(text).subject == ForPeople()
    assert alerts_of(RATIO.replace("name: CartErrors", "disabled: true")) == []
    assert alerts_of(RATIO.replace("name: CartErrors", "burnrates: false")) == ["SliAbsent"]
    assert alerts_of(RATIO.replace("name: CartErrors", "absent: false")) == ["ErrorBudgetBurn"] * 4


def test_absence_is_told_to_people() -> None:
    text = RATIO.replace("name: CartErrors", "absentName: CartGone")
    assert alerts_of(text) == [*["ErrorBudgetBurn"] * 4, "SliAbsent"]
    assert read(text).notes == ("the alert for series that are gone is called SliAbsent, not CartGone",)
    # 13.44 times a budget of 0.1 % is reached in 49 seconds of an hour: too little for a scrape that fails.
    assert budget_of(RATIO).absent == timedelta(minutes=5)
    assert budget_of(RATIO.replace("99.9", "95")).absent == timedelta(seconds=2420)
    assert budget_of(RATIO.replace("99.9", "80")).absent is not None
    assert budget_of(RATIO.replace("99.9", "60")).absent is not None


@pytest.mark.parametrize(
    ("days", "windows"),
    [
        (30, "1h/5m 6h/30m 1d/2h 3d/6h"),
        (28, "1h/5m 6h/30m 1d/2h 3d/6h"),
        (14, "28m/5m 2h48m/14m 11h12m/56m 1d9h36m/2h48m"),
        (7, "14m/5m 1h24m/7m 5h36m/28m 16h48m/1h24m"),
        (1, "10m/5m 12m/5m 48m/5m 2h24m/12m"),
    ],
)
def test_windows_fit_their_period(days: int, windows: str) -> None:
    period = timedelta(days=days)
    found = windows_over(period)
    assert " ".join(f"{format_duration(w.long)}/{format_duration(w.short)}" for w in found) == windows
    shares = [window.factor * Fraction(window.long / period).limit_denominator(10**6) for window in found]
    assert shares == [Fraction(share, 100) for share in (2, 5, 10, 10)]


PERCENTAGE = 'expected a percentage above 0 and below 100 in quotes, such as "99.9"'


@pytest.mark.parametrize(
    ("old", "new", "problems"),
    [
        ('"99.9"', '"100"', [f"10: spec.target: found '100', {PERCENTAGE} (at 100 there is no error budget)"]),
        ('"99.9"', '"101"', [f"10: spec.target: found '101', {PERCENTAGE} (at 100 there is no error budget)"]),
        ('"99.9"', '"0"', [f"10: spec.target: found '0', {PERCENTAGE}"]),
        ('"99.9"', '"99,9"', [f"10: spec.target: found '99,9', {PERCENTAGE}"]),
        (
            '"99.9"',
            "99.9",
            [
                "10: spec.target: found '99.9' (a number), expected a text (in quotes where it looks like "
                "something else)"
            ],
        ),
        ("  window: 4w\n", "", ["8: spec.window: found nothing, expected a duration such as 4w"]),
        ("4w", "1M", ["11: spec.window: found '1M', expected a duration such as 30s, 5m, 1h30m or 30d, at most 100y"]),
        ("4w", "6h", ["11: spec.window: found '6h', expected a duration of at least 1d"]),
        (
            "indicator:",
            "indicators:",
            [
                "8: spec.indicator: found nothing, expected ratio, latency, latencyNative or bool_gauge",
                "12: spec.indicators: found the unknown field 'indicators', expected indicator (the nearest known "
                "field)",
            ],
        ),
        (
            "    ratio:",
            "    ratios:",
            [
                "12: spec.indicator: found none of them, expected exactly one of ratio, latency, "
                "latencyNative, bool_gauge",
                "13: spec.indicator.ratios: found the unknown field 'ratios', expected ratio (the nearest known field)",
            ],
        ),
        (
            'code=~"5.."}',
            'code=~"5.."',
            [f"14: spec.indicator.ratio.errors.metric: found a '{{' that nothing closes, expected {A_SELECTOR}"],
        ),
        (
            "'requests_total{job=\"cart\"}'",
            "'sum(requests_total)'",
            [
                "15: spec.indicator.ratio.total.metric: found "
                f"'sum(requests_total)', expected {A_SELECTOR}, without a range, a function or an offset"
            ],
        ),
        (
            "errors:",
            "error:",
            [
                "13: spec.indicator.ratio: found none of them, expected either errors or success",
                "14: spec.indicator.ratio.error: found the unknown field 'error', expected errors "
                "(the nearest known field)",
            ],
        ),
        (
            ',code=~"5.."',
            "",
            ["13: spec.indicator.ratio: found the same metric twice, expected errors that are a part of all events"],
        ),
        (
            "      errors:",
            "      grouping: [namespace]\n      errors:",
            [
                "4: metadata.name: found series for each "
                "namespace, which the rules set to one value, expected series that are told apart by other labels"
            ],
        ),
        (
            "      errors:",
            "      grouping: [a-b]\n      errors:",
            [
                "14: spec.indicator.ratio.grouping[0]: found 'a-b', "
                "expected a label's name: letters, digits and underscores, "
                "none of without, inf and nan"
            ],
        ),
        (
            "deployment/cart",
            "job/cart",
            [
                "7: metadata.annotations.metricops.dev/workload: found 'job/cart', expected "
                "KIND/NAME or NAMESPACE/KIND/NAME, with a KIND of deployment, statefulset, daemonset"
            ],
        ),
        (
            "pyrra.dev/team",
            "pyrra.dev/metricops",
            [
                "6: metadata.labels.pyrra.dev/metricops: found the label metricops: "
                "which alert may undo follows from the workload, expected a name that MetricOps does not use itself"
            ],
        ),
        ("cart-errors", "Cart", ["4: metadata.name: found 'Cart', expected a Kubernetes object's name"]),
        (
            "kind: ServiceLevelObjective",
            "kind: Objective",
            ["2: kind: found 'Objective', expected one of ServiceLevelObjective"],
        ),
        ("kind: ServiceLevelObjective\n", "", ["1: document: found nothing, expected one of ServiceLevelObjective"]),
    ],
)
def test_refusals(old: str, new: str, problems: list[str]) -> None:
    assert refusal(RATIO.replace(old, new, 1)) == problems


def test_a_bucket_without_a_bound() -> None:
    assert refusal(LATENCY.replace(',le="0.5"', "")) == [
        "14: spec.indicator.latency.success: found 'seconds_bucket{job=\"cart\"}', "
        'expected a metric with the bucket that holds what was fast enough, as le="0.5"'
    ]


def test_a_name_twice() -> None:
    assert refusal(f"{RATIO}---\n{RATIO}") == [
        "22: metadata.name: found 'cart-errors', as in slo.yaml:4, expected a name of its own in namespace shop"
    ]
