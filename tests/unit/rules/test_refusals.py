"""What is refused in one place of a good file, with the words that name line, field, found and expected."""

from __future__ import annotations

import pytest

from tests.unit.rules.test_parse import GOOD, refusal

ALERTING = "window: 30d\n  alerting: "
PERCENTAGE = "expected a percentage above 0 and below 100, such as 99.9"


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("99.9", "100", f"8: spec.objective: found '100' (a number), {PERCENTAGE} (at 100 there is no error budget)"),
        ("99.9", "101", f"8: spec.objective: found '101' (a number), {PERCENTAGE} (at 100 there is no error budget)"),
        ("99.9", "0", f"8: spec.objective: found '0' (a number), {PERCENTAGE}"),
        ("99.9", "-1", f"8: spec.objective: found '-1' (a number), {PERCENTAGE}"),
        ("99.9", '"99,9"', f"8: spec.objective: found '99,9', {PERCENTAGE}"),
        ("99.9", ".nan", f"8: spec.objective: found '.nan' (a number), {PERCENTAGE}"),
        ("99.9", "true", f"8: spec.objective: found 'true' (a boolean), {PERCENTAGE}"),
        ("99.9", "", f"8: spec.objective: found nothing, {PERCENTAGE}"),
        ("99.9", "1_0", f"8: spec.objective: found '1_0' (a number), {PERCENTAGE}"),
        (
            "99.9",
            "9" * 100,
            f"8: spec.objective: found '{'9' * 60}'… (a number), {PERCENTAGE}",
        ),
        (
            "  objective: 99.9\n",
            "",
            "5: spec.objective: found nothing, expected a percentage such as 99.9, or a rule",
        ),
        ("30d", "1M", "9: spec.window: found '1M', expected a duration such as 30s, 5m, 1h30m or 30d, at most 100y"),
        ("30d", "30", "9: spec.window: found '30' (a number), expected a duration such as 30s, 5m, 1h30m or 30d"),
        ("30d", "0s", "9: spec.window: found '0s', expected a duration such as 30s, 5m, 1h30m or 30d, longer than 0s"),
        (
            "30d",
            "2d",
            "9: spec.window: found a window of 2d, expected at least 3d, or alerting.windows of its own",
        ),
        (
            "rate(e[$window])",
            "rate(e[5m])",
            "12: spec.indicator.errorsOverTotal.errors: found 'rate(e[5m])', "
            "expected a PromQL query over [$window], as in rate(http_request_total[$window])",
        ),
        (
            "rate(t[$window])",
            "rate(t[$window]",
            "13: spec.indicator.errorsOverTotal.total: found a '(' that nothing closes, expected a PromQL expression",
        ),
        (
            "rate(t[$window])",
            "rate(t[$window])) or (vector(1)",
            "13: spec.indicator.errorsOverTotal.total: found a ')' that nothing opened, expected a PromQL expression",
        ),
        (
            "rate(t[$window])",
            "rate(t{a='b}[$window])",
            '13: spec.indicator.errorsOverTotal.total: found a "\'" that nothing closes, expected a PromQL expression',
        ),
        (
            "      total: rate(t[$window])\n",
            "",
            "11: spec.indicator.errorsOverTotal.total: found nothing, expected a PromQL query over [$window]",
        ),
        (
            "errorsOverTotal",
            "errorOverTotal",
            "11: spec.indicator.errorOverTotal: found the unknown field 'errorOverTotal', "
            "expected errorsOverTotal (the nearest known field)",
        ),
        (
            "service: shop",
            "servise: shop",
            "6: spec.servise: found the unknown field 'servise', expected service (the nearest known field)",
        ),
        (
            "  service: shop\n",
            "  service: shop\n  teams:\n    - a\n",
            "7: spec.teams: found the unknown field 'teams', "
            "expected one of service, description, workload, labels, annotations, runbook, dashboard, objective, "
            "window, indicator, alerting, rule",
        ),
        ("metricops.dev/v1", "v1", "1: apiVersion: found 'v1', expected one of metricops.dev/v1"),
        ("ServiceLevel", "Service", "2: kind: found 'ServiceObjective', expected one of ServiceLevelObjective"),
        (
            "deployment: shop",
            "job: shop",
            "7: spec.workload: found none of them, expected exactly one of deployment, statefulset, daemonset",
        ),
        (
            "deployment: shop",
            "deployment: shop, daemonset: x",
            "7: spec.workload: found deployment and daemonset, expected exactly one of "
            "deployment, statefulset, daemonset",
        ),
        (
            "deployment: shop",
            "deployment: Shop",
            "7: spec.workload.deployment: found 'Shop', expected a workload's name",
        ),
        (
            "namespace: prod, ",
            "",
            "7: spec.workload.namespace: found nothing, expected a namespace",
        ),
        (
            "name: shop",
            "name: [shop]",
            "4: metadata.name: found a list, expected a text (in quotes where it looks like something else)",
        ),
        (
            "name: shop",
            "name: 12",
            "4: metadata.name: found '12' (a number), expected a text (in quotes where it looks like something else)",
        ),
        (
            "name: shop",
            "name: shop.a",
            "4: metadata.name: found 'shop.a', expected lower-case letters, digits and hyphens, at most 63",
        ),
        (
            "spec:\n",
            "spec:\n  rule: {expr: up}\n",
            "9: spec.objective: found objective beside rule, expected either rule, or objective, window and indicator",
        ),
        (
            "service: shop",
            "service: shop\n  service: shop",
            "7: spec.service: found the field a second time, expected each field once",
        ),
        (
            "30d",
            "30d\n  alerting: {windows: [{severity: page, long: 1h, short: 5m, factor: 1000}]}",
            "10: spec.alerting.windows[0]: found factor · (1 − objective) = 1000 · 0.001 = 1 ≥ 1 over 1h, "
            "expected a factor below 1000: the error ratio is never above 1, so this alert never fires",
        ),
        (
            "99.9",
            "93",
            "9: spec.window: found factor · (1 − objective) = 14.4 · 0.07 = 1.008 ≥ 1 over 1h, "
            "expected a factor below (100 / 7): the error ratio is never above 1, so this alert never fires",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: [{severity: page, long: 1h, short: 1h, factor: 2}]}",
            "10: spec.alerting.windows[0].short: found '1h', expected less than the long window, 1h",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: [{severity: loud, long: 1h, short: 5m, factor: 2}]}",
            "10: spec.alerting.windows[0].severity: found 'loud', expected one of page, ticket",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: [{severity: page, long: 1h, short: 5m, factor: 2, budget: 2}]}",
            "10: spec.alerting.windows[0]: found both, "
            "expected either budget (a percentage of the error budget) or factor (a burn rate)",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: [{severity: page, long: 31d, short: 5m, budget: 2}]}",
            "10: spec.alerting.windows[0].budget: found 2 % in 31d, expected at most 100 % of the error budget in "
            "at most 30d",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: [{severity: page, long: 1h, short: 5m, factor: -2}]}",
            "10: spec.alerting.windows[0].factor: found '-2' (a number), expected a burn rate above 0, such as 14.4",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: [{severity: page, long: 1h, short: 5m, factor: 2, undo: maybe}]}",
            "10: spec.alerting.windows[0].undo: found 'maybe', expected true or false",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: [&a {severity: page, long: 1h, short: 5m, factor: 2},"
            " {severity: page, long: 1h, short: 6m, factor: 3}]}",
            "10: spec.alerting.windows[1]: found page over 1h again, expected each long window once per severity",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: fast}",
            "10: spec.alerting.windows: found 'fast', expected one of workbook",
        ),
        (
            "window: 30d",
            ALERTING + "{windows: []}",
            "10: spec.alerting.windows: found an empty list, expected a list with at least one item",
        ),
        (
            "window: 30d",
            ALERTING + "{minimumErrors: -1}",
            "10: spec.alerting.minimumErrors: found '-1' (a number), expected a whole number of at least 0",
        ),
        (
            "window: 30d",
            ALERTING + "{minimumErrors: 1.5}",
            "10: spec.alerting.minimumErrors: found '1.5' (a number), expected a whole number of at least 0",
        ),
        (
            "rate(e[$window])",
            "increase(e[$window])",
            "12: spec.indicator.errorsOverTotal.errors: found increase(…[$window]), "
            "expected events per second, that is rate(…[$window])",
        ),
        (
            "rate(t[$window])",
            "sum_over_time(t[$window]) + irate(t[$window])",
            "13: spec.indicator.errorsOverTotal.total: found irate(…[$window]) and sum_over_time(…[$window]), "
            "expected events per second, that is rate(…[$window])",
        ),
        (
            "rate(e[$window])",
            "e[$window]",
            "12: spec.indicator.errorsOverTotal.errors: found 'e[$window]', "
            "expected a PromQL expression that gives series (an instant vector)",
        ),
        (
            "rate(e[$window])",
            "max_over_time(rate(e[1m])[$window:])",
            "12: spec.indicator.errorsOverTotal.errors: found max_over_time(…[$window]), "
            "expected events per second, that is rate(…[$window])",
        ),
        (
            "rate(e[$window])",
            "rate(e[$window] offset $window)",
            "12: spec.indicator.errorsOverTotal.errors: found $window elsewhere than in a range, "
            "expected a PromQL expression",
        ),
        (
            "rate(e[$window])",
            "rate(e{path='$window'}[$window])",
            "12: spec.indicator.errorsOverTotal.errors: found $window elsewhere than in a range, "
            "expected a PromQL expression",
        ),
        (
            "rate(e[$window])",
            "rate(e[$window]) per second",
            "12: spec.indicator.errorsOverTotal.errors: found what the PromQL parser refuses (invalid promql query), "
            "expected a PromQL expression",
        ),
        (
            "rate(e[$window])",
            "rte(e[$window])",
            "12: spec.indicator.errorsOverTotal.errors: found what the PromQL parser refuses "
            "(unknown function with name 'rte'), expected a PromQL expression",
        ),
        (
            "rate(e[$window])",
            f"rate(e{{a='{'x' * 9000}'}}[$window])",
            "12: spec.indicator.errorsOverTotal.errors: found 9022 characters, more than 8192, "
            "expected a PromQL expression",
        ),
        (
            "rate(e[$window])",
            "'" + "(" * 200 + "rate(e[$window])" + ")" * 200 + "'",
            "12: spec.indicator.errorsOverTotal.errors: found more than 100 expressions in one another, "
            "expected a PromQL expression",
        ),
        (
            "rate(e[$window])",
            "'# rate(e[$window])'",
            "12: spec.indicator.errorsOverTotal.errors: found nothing but a comment, expected a PromQL expression",
        ),
    ],
)
def test_refused(old: str, new: str, problem: str) -> None:
    assert old in GOOD
    found = refusal(GOOD.replace(old, new, 1))
    assert problem in found
    # What is wrong is said once; but a field that is misspelt is also one that is missing.
    assert len(found) == 1 or any("unknown field" in text or "beside rule" in text for text in found), found
