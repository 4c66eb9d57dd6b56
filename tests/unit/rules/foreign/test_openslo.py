"""OpenSLO: what is read, what refers to what, and what is refused with which words."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest

from rules.foreign.context import Settings
from rules.foreign.workloads import Workloads
from rules.generate import generate
from rules.group import AlertRule
from rules.parse import parse, parse_files
from rules.specification import ErrorBudget, EventRatio, ForPeople, RatioQuery, WorkloadTarget
from tests.unit.rules.foreign.reading import budget_of, read, refusal, undoing

CART = WorkloadTarget("shop", "deployment", "cart")
INLINE = """\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: cart-errors
  labels: {team: [buy, pay], cost-centre: "7"}
  annotations: {metricops.dev/workload: shop/deployment/cart}
spec:
  description: Carts are filled.
  service: cart
  indicator:
    metadata: {name: errors}
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {type: Prometheus, spec: {query: 'sum(rate(bad[$window]))'}}}
        total: {metricSource: {type: Prometheus, spec: {query: 'sum(rate(all[$window]))'}}}
  timeWindow:
    - {duration: 4w, isRolling: true}
  budgetingMethod: Occurrences
  objectives:
    - target: 0.999
  alertPolicies:
"""
METRICS = INLINE[INLINE.index("        counter") : INLINE.index("  timeWindow")]
SLI = """\
apiVersion: openslo/v1
kind: SLI
metadata: {name: errors}
spec:
  ratioMetric:
    counter: true
    good: {metricSource: {metricSourceRef: main, spec: {query: 'sum(rate(good[{{.window}}]))'}}}
    total: {metricSource: {metricSourceRef: main, spec: {query: 'sum(rate(all[{{ .window }}]))'}}}
"""
SOURCE = "apiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: main}\nspec: {type: PROMETHEUS}\n"
REFERRING = INLINE[: INLINE.index("  indicator:")] + "  indicatorRef: errors\n" + INLINE[INLINE.index("  timeWindow") :]
CONDITION = """\
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: fast}
spec:
  severity: critical
  condition: {kind: burnrate, threshold: 14.4, lookbackWindow: 1h, alertAfter: 2m}
"""
POLICY = """\
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: burns}
spec:
  alertWhenBreaching: true
  alertWhenResolved: true
  alertWhenNoData: true
  conditions: [{conditionRef: fast}]
  notificationTargets: [{targetRef: mail}]
"""


def with_indicator(text: str) -> str:
    return INLINE.replace("      ratioMetric:\n" + METRICS, text)


def threshold(query: str, objective: str = "op: lte, value: 0.5, target: 0.99") -> str:
    metric = f"      thresholdMetric: {{metricSource: {{type: Prometheus, spec: {{query: '{query}'}}}}}}\n"
    return with_indicator(metric).replace("- target: 0.999", f"- {{{objective}}}")


def ratio_of(text: str) -> str:
    indicator = budget_of(text).indicator
    assert isinstance(indicator, RatioQuery)
    return indicator.ratio


def test_inline() -> None:
    found = read(INLINE)
    assert (found.name, found.service, found.namespace, found.subject) == ("cart-errors", "cart", "shop", CART)
    assert found.series_labels == (("team", "buy,pay"), ("cost_centre", "7"))
    assert (found.description, found.notes) == ("Carts are filled.", ())
    budget = budget_of(INLINE)
    assert (budget.objective, budget.period) == (Fraction(999, 1000), timedelta(weeks=4))
    assert budget.indicator == EventRatio("rate(all[$window])", errors="rate(bad[$window])")
    assert [str(window.factor) for window in budget.windows] == ["336/25", "28/5", "14/5", "14/15"]
    assert undoing(budget) == [True, False, False, False]


def test_referred_objects_may_stand_in_any_file_and_order() -> None:
    files = {"slo.yaml": REFERRING.encode(), "sli.yaml": f"{SLI}---\n{SOURCE}".encode()}
    (found,) = parse_files(files)
    assert isinstance(found.judge, ErrorBudget)
    assert found.judge.indicator == EventRatio("rate(all[$window])", good="rate(good[$window])")


def test_objects_alone_are_no_objectives() -> None:
    service = "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: cart}\nspec: {description: x}\n"
    assert parse(f"{SLI}---\n{SOURCE}---\n{POLICY}---\n{CONDITION}---\n{service}".encode(), "f") == ()


def test_several_objectives() -> None:
    text = INLINE.replace(
        "    - target: 0.999\n",
        "    - {displayName: Our own, target: 0.999}\n    - targetPercent: 99\n",
    )
    found = parse(text.encode(), "f")
    assert [one.name for one in found] == ["cart-errors-our-own", "cart-errors-2"]
    assert [one.judge.objective for one in found if isinstance(one.judge, ErrorBudget)] == [
        Fraction(999, 1000),
        Fraction(99, 100),
    ]


def test_gauges_are_looked_at_each_minute() -> None:
    text = INLINE.replace("counter: true", "counter: false").replace("rate(bad[$window])", "bad")
    text = text.replace("rate(all[$window])", "all")
    assert budget_of(text).indicator == EventRatio(
        "sum_over_time(((sum(all)) >= -Inf)[$window:1m])",
        errors="sum_over_time(((sum(bad)) >= -Inf)[$window:1m])",
        countable=False,
        aggregated=True,
    )
    assert read(text).notes == (
        "nothing is undone: failed events are counted only as rate or increase over the window",
    )


@pytest.mark.parametrize(
    ("kind", "query", "ratio"),
    [
        ("failure", "min(x)", "avg_over_time(((min(x)) >= -Inf)[$window:1m])"),
        ("success", "min(x)", "1 - (avg_over_time(((min(x)) >= -Inf)[$window:1m]))"),
        ("success", "avg_over_time(x[$window])", "1 - (avg_over_time(x[$window]))"),
    ],
)
def test_raw(kind: str, query: str, ratio: str) -> None:
    raw = f"rawType: {kind}, raw: {{metricSource: {{type: thanos, spec: {{query: '{query}'}}}}}}"
    assert ratio_of(with_indicator(f"      ratioMetric: {{{raw}}}\n")) == ratio


@pytest.mark.parametrize(
    ("operator", "value", "comparison"),
    [("lt", "0.5", "< bool 0.5"), ("lte", "1", "<= bool 1"), ("gt", "-2.5", "> bool -2.5"), ("gte", "0", ">= bool 0")],
)
def test_values_that_are_compared(operator: str, value: str, comparison: str) -> None:
    text = threshold("max by (region) (queue)", f"op: {operator}, value: {value}, target: 0.99")
    assert ratio_of(text) == f"1 - avg_over_time((((max by (region) (queue)) >= -Inf) {comparison})[$window:1m])"
    assert budget_of(text).grouping == ("region",)


def test_slices() -> None:
    slices = "{op: OP, target: 0.99, timeSliceTarget: 0.95, timeSliceWindow: 1m}"
    text = INLINE.replace("Occurrences", "Timeslices").replace("- target: 0.999", f"- {slices}")
    error_ratio = "sum(rate(bad[1m])) / (sum(rate(all[1m])) > 0) or 0 * (sum(rate(all[1m])) > 0)"
    assert ratio_of(text.replace("OP", "gte")) == f"avg_over_time((({error_ratio}) > bool 0.05)[$window:1m])"
    assert ratio_of(text.replace("OP", "gt")) == f"avg_over_time((({error_ratio}) >= bool 0.05)[$window:1m])"
    assert undoing(budget_of(text.replace("OP", "gt"))) == [False] * 4
    values = threshold("queue", "op: lt, value: 9, target: 0.99, timeSliceTarget: 0.9, timeSliceWindow: 2")
    assert ratio_of(values.replace("Occurrences", "Timeslices")) == (
        "avg_over_time((avg_over_time((((queue) >= -Inf) < bool 9)[2m:30s]) < bool 0.9)[$window:2m])"
    )


def test_slices_that_count_as_much_as_they_are_good() -> None:
    text = INLINE.replace("Occurrences", "RatioTimeslices").replace("0.999", "0.999\n      timeSliceWindow: 5m")
    assert ratio_of(text) == (
        "avg_over_time((sum(rate(bad[5m])) / (sum(rate(all[5m])) > 0) or 0 * (sum(rate(all[5m])) > 0))[$window:5m])"
    )


def test_policies() -> None:
    text = f"{CONDITION}---\n{POLICY}---\n{INLINE}    - burns\n    - {{alertPolicyRef: slow}}\n"
    slow = POLICY.replace("burns", "slow").replace("alertWhenNoData: true", "alertWhenNoData: false")
    inline = (
        "kind: AlertCondition, spec: {severity: warning, condition: {threshold: 2, lookbackWindow: 1d, alertAfter: 0m}}"
    )
    text += f"---\n{slow.replace('conditionRef: fast', inline)}"
    found = read(text)
    budget = budget_of(text)
    fast, ticket = budget.windows
    assert (fast.severity, fast.long, fast.short, fast.factor, fast.hold, fast.undo) == (
        "page",
        timedelta(hours=1),
        timedelta(hours=1),
        Fraction(72, 5),
        timedelta(minutes=2),
        False,
    )
    assert (ticket.severity, ticket.long, ticket.factor, ticket.undo) == (
        "ticket",
        timedelta(days=1),
        Fraction(2),
        False,
    )
    assert (dict(found.page.labels), dict(found.ticket.labels)) == ({"severity": "critical"}, {"severity": "warning"})
    assert budget.absent == timedelta(minutes=5)
    assert found.notes == (
        "notificationTargets are not read: Alertmanager's routes say whom an alert tells",
        "alertWhenResolved is not read: it is send_resolved of Alertmanager's receivers",
        "nothing is undone: the page over 1h can take as long to fire, and no release is blamed after 1h",
    )
    page = next(rule for rule in generate(found).rules if isinstance(rule, AlertRule))
    assert page.expression.count("metricops:slo_error_ratio:rate1h") == 1


def test_the_fastest_page_may_undo_if_it_is_in_time() -> None:
    text = f"{CONDITION.replace('alertAfter: 2m', 'alertAfter: 0m')}---\n{POLICY}---\n{INLINE}    - burns\n"
    assert undoing(budget_of(text)) == [True]
    condition = "severity: ticket, condition: {threshold: 2, lookbackWindow: 1h, alertAfter: 0m}"
    ticket = f"    - {{spec: {{conditions: [{{spec: {{{condition}}}}}]}}}}\n"
    assert undoing(budget_of(text + ticket)) == [True, False]


def test_a_policy_that_does_not_alert() -> None:
    policy = POLICY.replace("alertWhenBreaching: true", "alertWhenBreaching: false").replace(
        "NoData: true", "NoData: false"
    )
    assert budget_of(f"{CONDITION}---\n{policy}---\n{INLINE}    - burns\n").windows == ()


def test_a_workload_by_service_or_objective() -> None:
    text = INLINE.replace("  annotations: {metricops.dev/workload: shop/deployment/cart}\n", "")
    assert read(text).subject == ForPeople()
    other = WorkloadTarget("shop", "statefulset", "other")
    assert read(text, Settings(workloads=Workloads(None, {"cart": CART}))).subject == CART
    both = Workloads(None, {"cart": other, "cart/cart-errors": CART})
    assert read(text, Settings(workloads=both)).subject == CART


SOURCES = "one of Prometheus, Thanos, Cortex, Mimir, VictoriaMetrics, AmazonPrometheus"
A_WINDOW = "one rolling window such as {duration: 30d, isRolling: true}"
CALENDAR = f"{A_WINDOW}: alerts look back, they do not begin anew on a day of the calendar"
A_DURATION = "a duration such as 5m, 12h, 30d or 4w"
SHARE = "a number above 0 and below 1, such as 0.999"
COUNTER = "a PromQL query over [$window]: OpenSLO gives a counter's queries no window of their own"
RATIO = "spec.indicator.spec.ratioMetric"


@pytest.mark.parametrize(
    ("old", "new", "problems"),
    [
        (
            "type: Prometheus",
            "type: Any",
            [f"15: {RATIO}.bad.metricSource.type: found 'Any', expected {SOURCES}: only PromQL becomes rules"],
        ),
        (
            "type: Prometheus, ",
            "",
            [f"15: {RATIO}.bad.metricSource.type: found nothing, expected {SOURCES}, or metricSourceRef"],
        ),
        (
            "type: Prometheus",
            "metricSourceRef: x",
            [
                f"15: {RATIO}.bad.metricSource.metricSourceRef: found 'x', expected "
                "the name of an object of kind DataSource in one of the files"
            ],
        ),
        (
            "query:",
            "qurey:",
            [
                f"15: {RATIO}.bad.metricSource.spec.qurey: found the unknown field 'qurey', expected query "
                "(the nearest known field)",
                f"15: {RATIO}.bad.metricSource.spec.query: found nothing, expected a PromQL query",
            ],
        ),
        ("bad[$window]", "bad[5m]", [f"15: {RATIO}.bad: found 'sum(rate(bad[5m]))', expected {COUNTER}"]),
        (
            "bad[$window]))",
            "bad[$window])",
            [f"15: {RATIO}.bad.metricSource.spec.query: found a '(' that nothing closes, expected a PromQL expression"],
        ),
        (
            "bad[$window]",
            "all[$window]",
            [f"13: {RATIO}: found the same query twice, expected bad events that are a part of all events"],
        ),
        (
            "bad:",
            "better:",
            [
                f"13: {RATIO}: found neither, expected either good or bad",
                f"15: {RATIO}.better: found the "
                "unknown field 'better', expected one of counter, good, bad, total, rawType, raw",
            ],
        ),
        (
            "0.999",
            "1",
            [f"21: spec.objectives[0].target: found '1' (a number), expected {SHARE} (at 1 there is no error budget)"],
        ),
        (
            "0.999",
            "99.9",
            [
                f"21: spec.objectives[0].target: found '99.9' (a number), expected {SHARE} (at 1 there is no "
                "error budget)"
            ],
        ),
        ("0.999", "0", [f"21: spec.objectives[0].target: found '0' (a number), expected {SHARE}"]),
        ("0.999", '"99,9"', [f"21: spec.objectives[0].target: found '99,9', expected {SHARE}"]),
        (
            "target: 0.999",
            "targetPercent: 100",
            [
                "21: spec.objectives[0].targetPercent: found '100' (a number), expected a "
                "percentage above 0 and below 100, such as 99.9 (at 100 there is no error budget)"
            ],
        ),
        ("target: 0.999", "op: gt", ["21: spec.objectives[0]: found neither, expected either target or targetPercent"]),
        (
            "target: 0.999",
            "target: 0.999\n      op: lt",
            ["22: spec.objectives[0].op: found 'lt', expected one of gt, gte"],
        ),
        (
            "target: 0.999",
            "target: 0.999\n      value: 3",
            [
                "22: spec.objectives[0].value: found '3' (a number), expected "
                "no value: a ratio is compared with its target"
            ],
        ),
        (
            "target: 0.999",
            "target: 0.999\n      timeSliceWindow: 1m",
            [
                "22: spec.objectives[0].timeSliceWindow: found a "
                "slice under Occurrences, expected budgetingMethod Timeslices beside it"
            ],
        ),
        (
            "Occurrences",
            "Timeslices",
            [
                "21: spec.objectives[0].timeSliceWindow: found nothing, expected a duration such as 1m",
                "21: spec.objectives[0].timeSliceTarget: found nothing, expected a number above 0 and at most 1, "
                "such as 0.95",
            ],
        ),
        (
            "Occurrences",
            "Sometimes",
            ["19: spec.budgetingMethod: found 'Sometimes', expected one of Occurrences, Timeslices, RatioTimeslices"],
        ),
        (
            "4w",
            "1M",
            [f"18: spec.timeWindow[0].duration: found '1M', expected {A_DURATION}: months have 28 to 31 days"],
        ),
        (
            "4w",
            "1Q",
            [f"18: spec.timeWindow[0].duration: found '1Q', expected {A_DURATION}: quarters have 90 to 92 days"],
        ),
        (
            "4w",
            "30",
            [
                "18: spec.timeWindow[0].duration: found '30' (a number), expected a text (in quotes where it looks "
                "like something else)"
            ],
        ),
        ("4w", "1h", ["18: spec.timeWindow[0]: found 1h, expected a duration of at least 1d"]),
        ("isRolling: true", "isRolling: false", [f"18: spec.timeWindow[0]: found a calendar's, expected {CALENDAR}"]),
        (
            "isRolling: true",
            "calendar: {timeZone: UTC}",
            [f"18: spec.timeWindow[0]: found a calendar's, expected {CALENDAR}"],
        ),
        (
            "  timeWindow:\n    - {duration: 4w, isRolling: true}\n",
            "",
            [f"7: spec.timeWindow: found nothing, expected {A_WINDOW}"],
        ),
        (
            "    - {duration: 4w, isRolling: true}\n",
            "    - {duration: 4w}\n    - {duration: 1w}\n",
            [f"17: spec.timeWindow: found 2 windows, expected {A_WINDOW}"],
        ),
        (
            "  indicator:\n",
            "  indicatorRef: x\n  indicator:\n",
            ["7: spec: found both, expected either indicator or indicatorRef"],
        ),
        (
            "service: cart",
            "servise: cart",
            [
                "7: spec.service: found nothing, expected the service's name",
                "9: spec.servise: found the unknown field 'servise', expected service (the nearest known field)",
            ],
        ),
        (
            "alertPolicies:",
            "alertPolicies: [x]",
            [
                "22: spec.alertPolicies[0]: found 'x', expected the name of an object of kind AlertPolicy in one of "
                "the files"
            ],
        ),
        ("cost-centre", "team-", []),
        (
            "cost-centre: ",
            "x-y: a, x.y: ",
            [
                "5: metadata.labels.x.y: found 'x.y', expected a name of its own, also with _ "
                "for all but letters and digits"
            ],
        ),
        (
            "kind: SLO",
            "kind: SLI2",
            [
                "2: kind: found 'SLI2', expected one of SLO, SLI, Service, DataSource, AlertPolicy, "
                "AlertCondition, AlertNotificationTarget"
            ],
        ),
    ],
)
def test_refusals(old: str, new: str, problems: list[str]) -> None:
    text = INLINE.replace(old, new, 1)
    if problems:
        assert refusal(text) == problems
    else:
        read(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            threshold("avg_over_time(queue[$window])"),
            "13: spec.indicator.spec.thresholdMetric: found $window, expected a range of its own, such as [5m], "
            "in a query whose values are compared",
        ),
        (
            threshold("queue", "target: 0.99"),
            "18: spec.objectives[0].op: found nothing, expected one of lt, lte, gt, gte",
        ),
        (
            threshold("queue", "op: lt, value: 1, target: 0.99, timeSliceWindow: 1m").replace("Occ", "RatioOcc"),
            "16: spec.budgetingMethod: found 'RatioOccurrences', expected one of Occurrences, Timeslices, "
            "RatioTimeslices",
        ),
        (
            threshold("queue", "op: lt, value: 1, target: 0.99, timeSliceWindow: 1m").replace(
                "Occurrences", "RatioTimeslices"
            ),
            "18: spec.objectives[0]: found a thresholdMetric, expected a ratioMetric for RatioTimeslices",
        ),
        (
            INLINE.replace("Occurrences", "Timeslices").replace(
                "target: 0.999", "{target: 0.9, timeSliceTarget: 0.5, timeSliceWindow: 1h}"
            ),
            "21: spec.objectives[0].timeSliceWindow: found '1h', expected at most 5m, the shortest window of an alert: "
            "less would hold no whole slice",
        ),
        (
            INLINE.replace("Occurrences", "Timeslices").replace(
                "target: 0.999", "{op: gt, target: 0.9, timeSliceTarget: 1, timeSliceWindow: 1m}"
            ),
            "21: spec.objectives[0].timeSliceTarget: found '1' (a number), expected a share below 1: no slice is "
            "above it",
        ),
        (
            INLINE.replace("counter: true", "counter: false").replace("rate(all[$window])", "all"),
            f"16: {RATIO}.total: found 'sum(all)', expected {COUNTER}",
        ),
        (
            REFERRING,
            "10: spec.indicatorRef: found 'errors', expected the name of an object of kind SLI in one of the files",
        ),
        (
            f"{SLI}---\n{SOURCE.replace('PROMETHEUS', 'Datadog')}---\n{REFERRING}",
            f"13: spec.type: found 'Datadog', expected {SOURCES}: only PromQL becomes rules",
        ),
        (f"{SLI}---\n{SLI}", "12: metadata.name: found 'errors', expected a name of its own among all of kind SLI"),
        (
            f"{POLICY}---\n{INLINE}    - burns\n",
            "8: spec.conditions[0].conditionRef: found 'fast', expected the name of an object of kind "
            "AlertCondition in one of the "
            "files",
        ),
        (
            f"{CONDITION.replace('critical', 'sev1')}---\n{POLICY}---\n{INLINE}    - burns\n",
            "5: spec.severity: found 'sev1', expected one of page, critical, ticket, warning",
        ),
        (
            f"{CONDITION.replace('burnrate', 'budget')}---\n{POLICY}---\n{INLINE}    - burns\n",
            "6: spec.condition.kind: found 'budget', expected one of burnrate",
        ),
        (
            f"{CONDITION.replace('1h', '5w')}---\n{POLICY}---\n{INLINE}    - burns\n",
            "4: spec: found 35d, expected a lookbackWindow of at most the SLO's window, 28d",
        ),
        (
            f"{CONDITION}---\n{POLICY}---\n{INLINE}    - burns\n    - burns\n",
            "4: spec: found page over 1h again, expected each lookbackWindow once per severity",
        ),
        (f"{INLINE}---\n{INLINE}", "27: metadata.name: found 'cart-errors', as in slo.yaml:4"),
    ],
)
def test_refusals_of_other_parts(text: str, problem: str) -> None:
    found = refusal(text)
    assert any(one.startswith(problem) for one in found), found
