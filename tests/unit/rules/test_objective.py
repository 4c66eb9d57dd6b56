"""Our own format: each kind of subject, of indicator and of alerting, and what is refused of them."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from rules.alerting import UNCOUNTABLE_NOTE
from rules.generate import generate
from rules.group import AlertRule
from rules.names import ABSENT_ALERT, UNDO_LABEL
from rules.parse import parse
from rules.selectors import bound_spellings, with_matcher
from rules.specification import (
    AlertTexts,
    DeployerRule,
    ErrorBudget,
    EventRatio,
    ForPeople,
    PerWorkload,
    RatioQuery,
    Specification,
)
from rules.subjects import FOR_PEOPLE_NOTE
from rules.syntax import parse_query
from tests.unit.rules.test_parse import GOOD, refusal

WORKLOAD = "  workload: {namespace: prod, deployment: shop}\n"
INDICATOR = GOOD[GOOD.index("    errorsOverTotal") :]
GAUGE = "    booleanGauge: {metric: up}\n"
RAW = "    raw: {errorRatio: 'max_over_time(e[$window:1m])'}\n"


def read(text: str) -> Specification:
    (found,) = parse(text.encode(), "slo.yaml")
    return found


def with_workload(text: str) -> str:
    return GOOD.replace(WORKLOAD, text)


def with_indicator(text: str) -> str:
    return GOOD.replace(INDICATOR, text)


def budget(text: str) -> ErrorBudget:
    judge = read(text).judge
    assert isinstance(judge, ErrorBudget)
    return judge


def undoing(text: str) -> list[timedelta]:
    return [window.long for window in budget(text).windows if window.undo]


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("workload", "subject"),
    [
        ("", ForPeople()),
        ("  workload: {per: deployment}\n", PerWorkload("deployment", "namespace", "deployment")),
        (
            "  workload: {per: statefulset, namespaceLabel: exported_namespace, nameLabel: app}\n",
            PerWorkload("statefulset", "exported_namespace", "app"),
        ),
    ],
)
def test_subjects(workload: str, subject: Any) -> None:
    assert read(with_workload(workload)).subject == subject


def test_without_a_workload_nothing_is_undone_and_that_is_told() -> None:
    found = read(with_workload(""))
    assert found.notes == (FOR_PEOPLE_NOTE,)
    assert not undoing(with_workload(""))
    assert not any(UNDO_LABEL in rule.labels for rule in generate(found).rules)
    rule = read(f"{with_workload('').split('  objective')[0]}  rule: {{expr: up == 0}}\n")
    assert not any(UNDO_LABEL in rule.labels for rule in generate(rule).rules)


def test_where_the_rules_belong() -> None:
    assert read(GOOD).namespace == "prod"
    assert read(with_workload("")).namespace == ""
    elsewhere = "name: shop\n  namespace: monitoring"
    assert read(with_workload("").replace("name: shop", elsewhere)).namespace == "monitoring"
    assert read(GOOD.replace("name: shop", "name: shop\n  namespace: prod")).namespace == "prod"


@pytest.mark.parametrize(
    ("indicator", "expected"),
    [
        (
            "    goodOverTotal: {good: 'rate(g[$window])', total: 'rate(t[$window])'}\n",
            EventRatio("rate(t[$window])", good="rate(g[$window])"),
        ),
        (
            "    latency: {buckets: 'd_bucket{a=\"b\"}', threshold: 0.3}\n",
            EventRatio(
                'rate(d_bucket{a="b",le="+Inf"}[$window])',
                good='rate(d_bucket{a="b",le="0.3"}[$window])',
                same_series=True,
            ),
        ),
        (
            "    latency: {buckets: d_bucket, threshold: 1.0}\n",
            EventRatio(
                'rate(d_bucket{le="+Inf"}[$window])',
                good=r'rate(d_bucket{le=~"1|1\\.0"}[$window])',
                same_series=True,
            ),
        ),
        (
            "    latency: {histogram: d, threshold: 2.5e-1}\n",
            EventRatio(
                "histogram_count(rate(d[$window]))",
                errors="histogram_fraction(0.25, +Inf, rate(d[$window])) * (histogram_count(rate(d[$window])) > 0)",
            ),
        ),
        (
            GAUGE,
            EventRatio(
                "count_over_time(up[$window])", good="sum_over_time(up[$window])", countable=False, same_series=True
            ),
        ),
        (RAW, RatioQuery("max_over_time(e[$window:1m])")),
        (
            "    raw: {errorRatio: 'avg_over_time(e[$window])', total: 'rate(t[$window])'}\n",
            RatioQuery("avg_over_time(e[$window])", "rate(t[$window])"),
        ),
    ],
)
def test_indicators(indicator: str, expected: Any) -> None:
    assert budget(with_indicator(indicator)).indicator == expected


@pytest.mark.parametrize(
    ("bound", "spellings"),
    [
        ("0.5", ("0.5",)),
        ("1", ("1", "1.0")),
        ("10", ("10", "10.0")),
        ("1000", ("1000", "1000.0", "1e+03", "1e3", "1.0e3", "1E3", "1.0E3")),
        ("2500000", ("2500000", "2500000.0", "2.5e+06", "2.5e6", "2.5E6")),
        ("0.00025", ("0.00025", "2.5e-04", "2.5e-4", "2.5E-4")),
        ("0.01", ("0.01",)),
    ],
)
def test_spellings_of_a_bound(bound: str, spellings: tuple[str, ...]) -> None:
    assert bound_spellings(Fraction(bound)) == spellings
    assert all(Fraction(spelling) == Fraction(bound) for spelling in spellings)


@pytest.mark.parametrize(
    ("selector", "matched"),
    [
        ("a", 'a{x="y"}'),
        ("a{}", 'a{x="y"}'),
        ('a{b="}"}', 'a{b="}",x="y"}'),
        ('a{b="c", }', 'a{b="c",x="y"}'),
        ('{__name__="a"}', '{__name__="a",x="y"}'),
    ],
)
def test_a_matcher_more(selector: str, matched: str) -> None:
    assert with_matcher(selector, 'x="y"') == matched


def test_only_the_fastest_page_undoes_unless_it_is_said() -> None:
    windows = (
        "  alerting:\n    windows:\n"
        "    - {severity: ticket, long: 30m, short: 1m, factor: 1}\n"
        "    - {severity: page, long: 1h, short: 5m, factor: 10}\n"
        "    - {severity: page, long: 30m, short: 2m, factor: 14}\n"
    )
    assert undoing(GOOD) == [HOUR]
    assert undoing(GOOD + windows) == [HOUR / 2]
    assert undoing(GOOD + windows.replace("factor: 10", "factor: 10, undo: true")) == [HOUR, HOUR / 2]
    assert undoing(GOOD + windows.replace("factor: 14", "factor: 14, undo: false")) == []
    assert undoing(GOOD + windows + "    undo: false\n") == []
    assert undoing(f"{GOOD}  alerting: {{undo: false}}\n") == []


@pytest.mark.parametrize("indicator", [GAUGE, RAW])
def test_what_cannot_be_counted_undoes_only_without_counting(indicator: str) -> None:
    text = with_indicator(indicator)
    assert read(text).notes == (UNCOUNTABLE_NOTE,)
    assert undoing(text) == []
    uncounted = f"{text}  alerting: {{minimumErrors: 0}}\n"
    assert read(uncounted).notes == ()
    assert undoing(uncounted) == [HOUR]
    assert read(f"{text}  alerting: {{undo: false}}\n").notes == ()


def test_texts() -> None:
    text = GOOD.replace(
        "  service:", "  labels: {team: a}\n  annotations: {owner: b, more: '{{ $value }}'}\n  service:"
    )
    found = read(
        f"{text}  alerting:\n    page: {{labels: {{severity: critical}}, annotations: {{owner: c}}}}\n"
        "    ticket: {disabled: true}\n    absent: 10m\n"
    )
    assert found.series_labels == (("team", "a"),)
    assert found.page == AlertTexts((("severity", "critical"),), (("owner", "c"), ("more", "{{ $value }}")))
    assert found.ticket == AlertTexts((), (("owner", "b"), ("more", "{{ $value }}")), disabled=True)
    rules = generate(found)
    alerts = [rule for rule in rules.rules if isinstance(rule, AlertRule)]
    assert [alert.labels["severity"] for alert in alerts] == ["critical", "critical", "ticket"]
    assert alerts[-1].alert == ABSENT_ALERT
    assert all(rule.labels["team"] == "a" for rule in rules.rules)
    assert alerts[0].annotations["owner"] == "c"


@pytest.mark.parametrize("word", ["without", "WITHOUT", "inf", "Inf", "nan", "NaN"])
def test_a_label_that_promql_takes_for_something_else(word: str) -> None:
    (problem,) = refusal(f"{GOOD}  labels: {{{word}: a}}\n")
    assert "none of without, inf and nan" in problem


@pytest.mark.parametrize("word", ["on", "by", "offset", "bool", "and", "group_left", "sum", "information", "nano"])
def test_other_words_are_labels(word: str) -> None:
    for rule in generate(read(f"{GOOD}  labels: {{'{word}': a}}\n")).rules:
        parse_query(rule.expression)


def test_links_and_words() -> None:
    more = "  description: What we owe.\n  runbook: https://a.example/{{x}}\n  dashboard: http://b\n"
    alert = next(rule for rule in generate(read(GOOD + more)).rules if isinstance(rule, AlertRule))
    assert alert.annotations["description"].startswith("What we owe.\nOver 1h, errors came")
    assert alert.annotations["runbook_url"] == 'https://a.example/{{ "{{" }}x}}'
    assert alert.annotations["dashboard_url"] == "http://b"


def test_a_rule_may_be_for_people_only() -> None:
    text = GOOD.split("  objective")[0] + "  rule: {expr: 'absent(up)', undo: false}\n"
    found = read(text)
    assert found.judge == DeployerRule("absent(up)", timedelta(), undo=False)
    assert not any(UNDO_LABEL in rule.labels for rule in generate(found).rules)


def test_the_absence_of_series_undoes_nothing() -> None:
    text = GOOD.split("  objective")[0] + "  rule: {expr: 'up == 0 or absent_over_time(up[5m])'}\n"
    assert refusal(text) == [
        "8: spec.rule.expr: found absent_over_time(…), "
        "expected what there is too much of, or undo: false: silence blames no release"
    ]
    assert read(text.replace(WORKLOAD, ""))


A_SELECTOR = 'a selector such as http_request_total{namespace="shop"}'
ALERTING = "  alerting: "


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            with_workload("  workload: {per: job}\n"),
            "7: spec.workload.per: found 'job', expected one of deployment, statefulset, daemonset",
        ),
        (
            with_workload("  workload: {per: deployment, namespace: prod}\n"),
            "7: spec.workload.namespace: found namespace, beside per, "
            "expected either per, or namespace and the workload's name",
        ),
        (
            with_workload("  workload: {namespace: prod, deployment: shop, nameLabel: app}\n"),
            "7: spec.workload.nameLabel: found nameLabel, without per, "
            "expected per as well, or namespace and the workload's name",
        ),
        (
            with_workload("  workload: {per: deployment, nameLabel: a-b}\n"),
            "7: spec.workload.nameLabel: found 'a-b', expected a label's name: letters, digits and underscores, "
            "none of without, inf and nan",
        ),
        (
            with_workload("  workload: {per: deployment, nameLabel: namespace}\n"),
            "7: spec.workload: found namespace and namespace, "
            "expected two labels, one for the namespace and one for the name",
        ),
        (
            with_workload("  workload: {per: deployment, nameLabel: app}\n").replace(
                "rate(t[$window])", "sum by (namespace) (rate(t[$window]))"
            ),
            "10: spec.indicator: found a query whose series have no app, expected queries that leave the workload's "
            "labels on their series: sum by (namespace, app) (…)",
        ),
        (
            GOOD.replace("name: shop", "name: shop\n  namespace: other"),
            "5: metadata.namespace: found 'other', expected the workload's namespace, prod",
        ),
        (
            with_indicator(INDICATOR + GAUGE),
            "10: spec.indicator: found errorsOverTotal and booleanGauge, "
            "expected exactly one of errorsOverTotal, goodOverTotal, latency, booleanGauge, raw",
        ),
        (
            GOOD.replace(f"  indicator:\n{INDICATOR}", "  indicator: {}\n"),
            "10: spec.indicator: found none of them, "
            "expected exactly one of errorsOverTotal, goodOverTotal, latency, booleanGauge, raw",
        ),
        (
            with_indicator("    latency: {buckets: d_bucket, threshold: 0}\n"),
            "11: spec.indicator.latency.threshold: found '0' (a number), "
            "expected a number above 0 in the histogram's unit, such as 0.3",
        ),
        (
            with_indicator("    latency: {buckets: d_bucket, threshold: 300ms}\n"),
            "11: spec.indicator.latency.threshold: found '300ms', "
            "expected a number above 0 in the histogram's unit, such as 0.3",
        ),
        (
            with_indicator("    latency: {buckets: d, threshold: 1}\n"),
            "11: spec.indicator.latency.buckets: found 'd', "
            "expected the buckets of a classic histogram, d_bucket, or histogram: d for a native one",
        ),
        (
            with_indicator("    latency: {buckets: d_bucket, histogram: d, threshold: 1}\n"),
            "11: spec.indicator.latency: found both, "
            "expected either buckets (a classic histogram's) or histogram (a native one)",
        ),
        (
            with_indicator("    latency: {buckets: 'd_bucket{le=\"1\"}', threshold: 1}\n"),
            f"11: spec.indicator.latency.buckets: found 'd_bucket{{le=\"1\"}}', "
            f"expected {A_SELECTOR}, without a matcher for le: that is added",
        ),
        (
            with_indicator("    latency: {histogram: 'rate(d[5m])', threshold: 1}\n"),
            f"11: spec.indicator.latency.histogram: found 'rate(d[5m])', "
            f"expected {A_SELECTOR}, without a range, a function or an offset",
        ),
        (
            with_indicator("    booleanGauge: {metric: up offset 1h}\n"),
            f"11: spec.indicator.booleanGauge.metric: found 'up offset 1h', "
            f"expected {A_SELECTOR}, without a range, a function or an offset",
        ),
        (
            with_indicator("    booleanGauge: {metric: 'up{'}\n"),
            f"11: spec.indicator.booleanGauge.metric: found a '{{' that nothing closes, expected {A_SELECTOR}",
        ),
        (
            with_indicator("    raw: {errorRatio: 'sum(rate(e[5m]))'}\n"),
            "11: spec.indicator.raw.errorRatio: found 'sum(rate(e[5m]))', "
            "expected a PromQL query over [$window], as in rate(http_request_total[$window])",
        ),
        (
            with_indicator(GAUGE) + ALERTING + "{minimumErrors: 3}\n",
            "12: spec.alerting.minimumErrors: found '3' (a number), "
            "expected 0, or an indicator with events per second: the failed events of this one cannot be counted",
        ),
        (
            with_indicator(GAUGE)
            + ALERTING
            + "{windows: [{severity: page, long: 1h, short: 5m, factor: 2, undo: true}]}\n",
            "12: spec.alerting.windows[0].undo: found true with failed events that cannot be counted "
            "(alerting.minimumErrors: 0 does without), expected false",
        ),
        (
            with_workload("")
            + ALERTING
            + "{windows: [{severity: page, long: 1h, short: 5m, factor: 2, undo: true}]}\n",
            "13: spec.alerting.windows[0].undo: found true with no workload to undo, expected false",
        ),
        (
            GOOD + ALERTING + "{windows: [{severity: page, long: 1h, short: 5m, for: 1m, factor: 2}]}\n",
            "14: spec.alerting.windows[0]: found long window + for = 1h + 1m = 1h1m, expected a worst detection time "
            "of at most alerting.attributionWindow, 1h, for an alert that may undo: by then the receiver blames no "
            "rollout any more (else undo: false)",
        ),
        (
            GOOD + ALERTING + "{attributionWindow: 30m}\n",
            "9: spec.window: found long window + for = 1h + 0s = 1h, expected a worst detection time of at most "
            "alerting.attributionWindow, 30m, for an alert that may undo: by then the receiver blames no rollout any "
            "more (else undo: false)",
        ),
        (
            GOOD + ALERTING + "{absent: 0s}\n",
            "14: spec.alerting.absent: found '0s', expected a duration such as 30s, 5m, 1h30m or 30d, longer than 0s",
        ),
        (
            GOOD + "  labels: {namespace: other}\n",
            "14: spec.labels.namespace: found 'namespace', expected another name: this one is set by the generator",
        ),
        (
            GOOD + "  labels: {team: '{{ $value }}'}\n",
            "14: spec.labels.team: found '{{ $value }}', "
            "expected a fixed text: a label that changes makes another alert",
        ),
        (
            GOOD + "  labels: {a-b: c}\n",
            "14: spec.labels.a-b: found the name 'a-b', expected a label's name: letters, digits and underscores, "
            "none of without, inf and nan",
        ),
        (
            GOOD + ALERTING + "{page: {labels: {metricops: undo}}}\n",
            "14: spec.alerting.page.labels.metricops: found 'metricops', "
            "expected another name: this one is set by the generator",
        ),
        (
            GOOD + "  annotations: {metricops_sli: a}\n",
            "14: spec.annotations.metricops_sli: found 'metricops_sli', "
            "expected another name: this one is set by the generator",
        ),
        (
            GOOD + "  runbook: javascript:alert(1)\n",
            "14: spec.runbook: found 'javascript:alert(1)', expected an address that begins with https:// or http://",
        ),
        (
            with_workload("").split("  objective")[0] + "  rule: {expr: up == 0, undo: true}\n",
            "7: spec.rule: found undo: true without a workload, expected a workload, or undo: false",
        ),
    ],
)
def test_refused(text: str, problem: str) -> None:
    assert refusal(text) == [problem]
