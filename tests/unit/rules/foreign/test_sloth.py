"""sloth's two formats: what is read, and what is refused with which words."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest

from rules.foreign.context import Settings
from rules.foreign.workloads import Workloads
from rules.generate import generate
from rules.group import AlertRule
from rules.parse import parse, parse_files
from rules.specification import EventRatio, ForPeople, RatioQuery, WorkloadTarget
from tests.unit.rules.foreign.reading import budget_of, read, refusal, undoing

PLAIN = """\
version: prometheus/v1
service: cart
labels:
  team: buy
slos:
  - name: availability
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(errors_total{app="cart"}[{{.window}}]))
        total_query: sum(rate(events_total{app="cart"}[{{ .window }}]))
    alerting:
      name: CartBurns
      labels: {channel: "#cart"}
      annotations: {title: "{{ $labels.sloth_service }} burns"}
      page_alert:
        labels: {severity: loud}
      ticket_alert:
        labels: {severity: quiet}
"""

OBJECT = """\
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata:
  name: cart
  namespace: shop
  labels: {release: prometheus}
  annotations: {metricops.dev/workload: deployment/cart}
spec:
  service: cart
  slos:
    - name: availability
      objective: 99.9
      sli:
        events:
          errorQuery: sum(rate(errors_total[{{.window}}]))
          totalQuery: sum(rate(events_total[{{.window}}]))
      alerting:
        name: CartBurns
        pageAlert: {labels: {severity: loud}}
        ticketAlert: {disable: true}
"""

CART = WorkloadTarget("shop", "deployment", "cart")


def alerts_of(text: str, settings: Settings | None = None) -> list[AlertRule]:
    found = read(text, settings) if settings else read(text)
    return [rule for rule in generate(found).rules if isinstance(rule, AlertRule)]


def test_plain() -> None:
    found = read(PLAIN)
    assert (found.name, found.service, found.alert) == ("cart-availability", "cart", "CartBurns")
    assert found.subject == ForPeople()
    assert found.series_labels == (("team", "buy"),)
    assert [note.split(":")[0] for note in found.notes] == [
        "no workload is named (metricops.dev/workload, --workload or --workloads)"
    ]
    budget = budget_of(PLAIN)
    assert budget.objective == Fraction(999, 1000)
    assert budget.period == timedelta(days=30)
    assert budget.indicator == EventRatio(
        'rate(events_total{app="cart"}[$window])', errors='rate(errors_total{app="cart"}[$window])'
    )
    assert [str(window.factor) for window in budget.windows] == ["72/5", "6", "3", "1"]
    assert undoing(budget) == [False] * 4


def test_object() -> None:
    found = read(OBJECT)
    assert (found.namespace, found.labels, found.subject) == ("shop", (("release", "prometheus"),), CART)
    assert found.notes == ()
    budget = budget_of(OBJECT)
    assert [window.severity for window in budget.windows] == ["page", "page"]
    assert undoing(budget) == [True, False]


def test_alerts_keep_their_name_labels_and_annotations() -> None:
    page, _, ticket, _ = alerts_of(PLAIN)
    assert {page.alert, ticket.alert} == {"CartBurns"}
    assert page.labels == {
        "slo": "cart-availability",
        "service": "cart",
        "team": "buy",
        "severity": "loud",
        "sloth_id": "cart-availability",
        "sloth_service": "cart",
        "sloth_slo": "availability",
        "sloth_severity": "page",
        "channel": "#cart",
        "long_window": "1h",
    }
    assert (ticket.labels["severity"], ticket.labels["sloth_severity"]) == ("quiet", "ticket")
    assert page.annotations["title"] == '{{ "cart" }} burns'


def test_labels_of_the_objective_win_over_the_services() -> None:
    found = read(PLAIN.replace("    objective: 99.9", "    labels: {team: pay, tier: '1'}\n    objective: 99.9"))
    assert dict(found.series_labels) == {"team": "pay", "tier": "1"}


def test_a_label_of_our_name_is_left_out_with_a_note_and_a_severity_is_the_alerts() -> None:
    text = PLAIN.replace("team: buy", "team: buy\n  slo: mine\n  service: cart\n  namespace: x\n  severity: low")
    found = read(
        text.replace("labels: {severity: loud}", "labels: {long_window: x}"), Settings(workloads=Workloads(CART))
    )
    assert found.series_labels == (("team", "buy"),)
    assert found.notes == (
        "the label slo='mine' is left out: there is one of ours of that name ('cart-availability')",
        "the label namespace='x' is left out: there is one of ours of that name ('shop')",
        "the label long_window='x' is left out: there is one of ours of that name",
    )
    assert (dict(found.page.labels)["severity"], dict(found.ticket.labels)["severity"]) == ("low", "quiet")


def test_without_a_workload_a_namespace_is_a_label_like_others() -> None:
    assert dict(read(PLAIN.replace("team: buy", "namespace: x")).series_labels) == {"namespace": "x"}


def test_disabled_alerts_have_neither_rules_nor_recordings() -> None:
    text = PLAIN.replace("labels: {severity: loud}", "disable: true").replace(
        "labels: {severity: quiet}", "disable: true"
    )
    assert budget_of(text).windows == ()
    assert alerts_of(text) == []


def test_no_alerting_at_all_has_our_names() -> None:
    assert {alert.alert for alert in alerts_of(PLAIN.split("    alerting", maxsplit=1)[0])} == {"ErrorBudgetBurn"}


def test_the_objects_name_is_a_dns_name() -> None:
    assert read(PLAIN.replace("name: availability", "name: Latency_99.9")).name == "cart-latency-99-9"


def test_several_documents() -> None:
    files = {"a.yaml": f"{PLAIN}---\n{OBJECT}".encode(), "b.yaml": PLAIN.replace("cart", "pay").encode()}
    assert [(found.namespace, found.name) for found in parse_files(files)] == [
        ("", "cart-availability"),
        ("shop", "cart-availability"),
        ("", "pay-availability"),
    ]


def test_raw() -> None:
    text = PLAIN.replace("events:", "raw:").replace("error_query", "error_ratio_query")
    text = "\n".join(line for line in text.splitlines() if "total_query" not in line)
    budget = budget_of(text, Settings(workloads=Workloads(CART)))
    assert budget.indicator == RatioQuery('sum(rate(errors_total{app="cart"}[$window]))')
    assert undoing(budget) == [False] * 4
    assert read(text, Settings(workloads=Workloads(CART))).notes == (
        "nothing is undone: a ratio does not tell how many events failed; two queries would",
    )


@pytest.mark.parametrize(
    ("objective", "factors", "note"),
    [
        (
            "90",
            ["6", "3", "1"],
            "no page alert over 1h: factor · (1 − objective) = 14.4 · 0.1 = 1.44 ≥ 1, "
            "and the error ratio is never above 1",
        ),
        ("0.5", ["1"], "no page alert over 6h: factor · (1 − objective) = 6 · 0.995 = 5.97 ≥ 1"),
    ],
)
def test_an_alert_that_never_fires_is_left_out_with_the_arithmetic(
    objective: str, factors: list[str], note: str
) -> None:
    text = PLAIN.replace("99.9", objective)
    assert [str(window.factor) for window in budget_of(text, Settings(workloads=Workloads(CART))).windows] == factors
    notes = read(text, Settings(workloads=Workloads(CART))).notes
    assert any(found.startswith(note) for found in notes)
    assert "nothing is undone: there is no fast page" in notes


PERCENTAGE = "expected a percentage above 0 and below 100, such as 99.9"
NO_BUDGET = f"{PERCENTAGE} (at 100 there is no error budget)"


@pytest.mark.parametrize(
    ("old", "new", "problems"),
    [
        ("99.9", "100", [f"7: slos[0].objective: found '100' (a number), {NO_BUDGET}"]),
        ("99.9", "101", [f"7: slos[0].objective: found '101' (a number), {NO_BUDGET}"]),
        ("99.9", "0", [f"7: slos[0].objective: found '0' (a number), {PERCENTAGE}"]),
        ("99.9", '"99,9"', [f"7: slos[0].objective: found '99,9', {PERCENTAGE}"]),
        ("service: cart", 'service: ""', ["2: service: found an empty text, expected a text"]),
        ("service: cart\n", "", ["1: service: found nothing, expected the service's name"]),
        (
            "service: cart",
            "service: the cart",
            ["2: service: found 'the cart', expected letters, digits, hyphens, dots and underscores, at most 63"],
        ),
        (
            "page_alert",
            "pageAlert",
            [
                "16: slos[0].alerting.pageAlert: found the unknown field 'pageAlert', expected page_alert "
                "(the nearest known field)"
            ],
        ),
        (
            "error_query",
            "errorQuery",
            [
                "9: slos[0].sli.events.error_query: found nothing, expected a PromQL query over [{{.window}}]",
                "10: slos[0].sli.events.errorQuery: found the unknown field 'errorQuery', expected error_query "
                "(the nearest known field)",
            ],
        ),
        (
            "[{{.window}}]",
            "[5m]",
            [
                "10: slos[0].sli.events.error_query: found 'sum(rate(errors_total{app=\"cart\"}[5m]))', expected "
                "a PromQL query over [{{.window}}], as in rate(http_requests_total[{{.window}}])"
            ],
        ),
        (
            "[{{.window}}]))",
            "[{{.window}}])",
            ["10: slos[0].sli.events.error_query: found a '(' that nothing closes, expected a PromQL expression"],
        ),
        (
            "{{.window}}",
            "{{.windw}}",
            [
                "10: slos[0].sli.events.error_query: found 'sum(rate(errors_total{app=\"cart\"}[{{.windw}}]))', "
                "expected no other template than {{.window}}"
            ],
        ),
        (
            "{{.window}}",
            "$window",
            ["10: slos[0].sli.events.error_query: found $window, expected {{.window}}"],
        ),
        (
            "sum(rate(errors",
            "sum(increase(errors",
            [
                "9: slos[0].sli.events: found rate in one and increase in the other, "
                "expected rate in both queries, or increase in both"
            ],
        ),
        (
            "events:\n",
            "plugin: {id: acme/availability}\n      events:\n",
            [
                "9: slos[0].sli.plugin: found the plugin 'acme/availability', which is sloth's, "
                "expected queries of its own"
            ],
        ),
        (
            "slos:\n",
            "slo_plugins: {chain: [{id: acme/validate}]}\nslos:\n",
            [
                "5: slo_plugins.chain[0]: found the plugin 'acme/validate', which is sloth's, "
                "expected queries of its own"
            ],
        ),
        (
            "team: buy",
            "metricops: undo",
            [
                "4: labels.metricops: found the label metricops: which alert may undo follows from the workload, "
                "expected a name that MetricOps does not use itself"
            ],
        ),
        (
            "channel:",
            "alertname:",
            [
                "14: slos[0].alerting.labels.alertname: found the label alertname: which alert may undo follows "
                "from the workload, expected a name that MetricOps does not use itself"
            ],
        ),
        (
            "team: buy",
            "team-name: buy",
            [
                "4: labels.team-name: found 'team-name', expected a label's name: letters, digits and underscores, "
                "none of without, inf and nan"
            ],
        ),
        (
            "team: buy",
            "tier: 1",
            ["4: labels.tier: found '1' (a number), expected a text (in quotes where it looks like something else)"],
        ),
        (
            "#cart",
            "{{ $value }}",
            [
                "14: slos[0].alerting.labels.channel: found the alert's value in a label, "
                "expected a label that stays the same while the alert fires"
            ],
        ),
        (
            "#cart",
            "{{ cart }}",
            [
                "14: slos[0].alerting.labels.channel: found the unknown function cart in {{ cart }}, "
                "expected a template that Prometheus can expand"
            ],
        ),
        (
            "sloth_service }}",
            "sloth_service }",
            [
                "15: slos[0].alerting.annotations.title: found a {{ that no }} closes, "
                "expected a template that Prometheus can expand"
            ],
        ),
        (
            "title:",
            "metricops_sli:",
            [
                "15: slos[0].alerting.annotations.metricops_sli: found the annotation metricops_sli, which the "
                "receiver reads, expected a name that MetricOps does not use itself"
            ],
        ),
        (
            "team: buy",
            "metricops_workload: cart",
            [
                "4: labels.metricops_workload: found 'cart', expected KIND/NAME or "
                "NAMESPACE/KIND/NAME, with a KIND of deployment, statefulset, daemonset; the document has no namespace"
            ],
        ),
    ],
)
def test_refusals(old: str, new: str, problems: list[str]) -> None:
    assert refusal(PLAIN.replace(old, new, 1)) == problems


def test_the_same_query_twice() -> None:
    assert refusal(PLAIN.replace("errors_total", "events_total")) == [
        "9: slos[0].sli.events: found the same query twice, expected errors that are a part of all events"
    ]


def test_no_objectives() -> None:
    assert refusal(PLAIN.split("slos:", maxsplit=1)[0] + "slos: []\n") == [
        "5: slos: found an empty list, expected a list with at least one item"
    ]


def test_snake_case_in_the_object() -> None:
    assert refusal(OBJECT.replace("pageAlert", "page_alert").replace("totalQuery", "total_query")) == [
        "14: spec.slos[0].sli.events.totalQuery: found nothing, expected a PromQL query over [{{.window}}]",
        "16: spec.slos[0].sli.events.total_query: found the unknown field 'total_query', expected totalQuery "
        "(the nearest known field)",
        "19: spec.slos[0].alerting.page_alert: found the unknown field 'page_alert', expected pageAlert "
        "(the nearest known field)",
    ]


def test_a_name_twice() -> None:
    assert refusal(f"{PLAIN}---\n{PLAIN}") == [
        "26: slos[0].name: found 'cart-availability', as in slo.yaml:6, expected a name of its own"
    ]
    flow = "slos: [{name: a.b, objective: 99, sli: S}, {name: a_b, objective: 99, sli: S}]\n".replace(
        "S", "{raw: {error_ratio_query: 'x{{.window}}'}}"
    )
    assert refusal(PLAIN.split("slos:", maxsplit=1)[0] + flow) == [
        "5: slos[1].name: found 'cart-a-b', as in slo.yaml:5, expected a name of its own"
    ]


def test_objects_of_one_name_in_two_namespaces_write_different_series_only_with_a_workload() -> None:
    other = OBJECT.replace("namespace: shop", "namespace: test")
    assert len(parse(f"{OBJECT}---\n{other}".encode(), "f")) == 2
    people = [one.replace("  annotations: {metricops.dev/workload: deployment/cart}\n", "") for one in (OBJECT, other)]
    assert refusal("---\n".join(people)) == [
        "30: spec.slos[0].name: found 'cart-availability', as in slo.yaml:10, expected a name of its own "
        "in all namespaces"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("version: prometheus/v2\nservice: a\n", "1: version: found 'prometheus/v2', expected one of prometheus/v1"),
        (
            "apiVersion: openslo/v1alpha\nkind: SLO\n",
            "1: apiVersion: found 'openslo/v1alpha', expected one of openslo/v1",
        ),
        (
            "kind: PrometheusServiceLevel\napiVersion: sloth.slok.dev/v2\n",
            "2: apiVersion: found 'sloth.slok.dev/v2', expected one of sloth.slok.dev/v1",
        ),
        ("apiVersion: pyrra.dev/v1\n", "1: apiVersion: found 'pyrra.dev/v1', expected one of pyrra.dev/v1alpha1"),
    ],
)
def test_another_version(text: str, problem: str) -> None:
    assert refusal(text) == [problem]
