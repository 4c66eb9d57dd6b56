"""`metricops rules explain`: the arithmetic in words, and the same for programs."""

from __future__ import annotations

import json
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.rules import rules_group
from rules.explain import explain
from rules.parse import parse
from rules.specification import ForPeople, PerWorkload, Specification
from rules.spoken import exact_duration, rounded_duration
from tests.unit.rules.test_generate import EXAMPLES


def specification(objective: str = "99.9") -> Specification:
    text = EXAMPLES["slo"].read_text().replace("99.5\n", f"{objective}\n")
    return parse(text.encode(), "slo.yaml")[0]


def test_the_workbooks_page_in_words() -> None:
    page, slow, ticket, last = explain(specification()).words()[1:]
    assert page == (
        "page: 2 % of the budget of 30 days in 1 hour (14.4 times the allowed errors, above 1.44 %): "
        "at 5 % errors after 17 minutes, at a total outage after 52 seconds; clears within 5 minutes; "
        "may undo the Deployment shop/shop, once 5 events have failed in 1 hour."
    )
    assert slow.startswith("page: 5 % of the budget of 30 days in 6 hours (6 times the allowed errors, above 0.6 %)")
    assert ticket.startswith("ticket: 10 % of the budget of 30 days in 1 day (3 times")
    assert last.endswith("clears within 6 hours, but not for want of traffic.")
    assert "undo" not in slow + ticket + last


def test_a_high_threshold_leaves_only_the_outage() -> None:
    page = explain(specification("97")).burns[0]
    assert page.threshold == Fraction("0.432")
    assert [found.error_ratio for found in page.detections] == [1]
    assert "): at a total outage after 26 minutes; clears" in page.words("nobody")


def test_who_is_blamed() -> None:
    found = specification()
    people = Specification(found.name, found.service, ForPeople(), found.judge)
    assert explain(people).words()[0].endswith("over 30 days; alerts people only")
    each = Specification(found.name, found.service, PerWorkload("daemonset", "exported_namespace", "ds"), found.judge)
    assert explain(each).words()[0].endswith("judges each DaemonSet that the labels exported_namespace and ds name")


def test_the_deployers_own_rule() -> None:
    rule = parse(EXAMPLES["rule"].read_bytes(), "rule.yaml")[0]
    assert explain(rule).words() == [
        "shop-any-5xx: the deployer's own rule for shop",
        'page: while this gives anything: rate(http_request_total{code=~"^5.*$"}[5m]) > 0; '
        "may undo the Deployment shop/shop.",
    ]


@pytest.mark.parametrize(
    ("duration", "exact", "rounded"),
    [
        (timedelta(hours=1), "1 hour", "1 hour"),
        (timedelta(minutes=90), "90 minutes", "90 minutes"),
        (timedelta(days=30), "30 days", "30 days"),
        (timedelta(seconds=3601), "1h1s", "60 minutes"),
        (timedelta(seconds=52), "52 seconds", "52 seconds"),
        (timedelta(seconds=260), "4m20s", "4 minutes"),
        (timedelta(milliseconds=1500), "1s500ms", "1.5 seconds"),
        (timedelta(0), "0s", "0 seconds"),
    ],
)
def test_durations_in_words(duration: timedelta, exact: str, rounded: str) -> None:
    assert (exact_duration(duration), rounded_duration(duration)) == (exact, rounded)


def test_numbers_have_the_digits_that_tell() -> None:
    assert explain(specification("99.99999")).words()[0].startswith("shop-availability: 99.99999 % of what shop does")
    demo = explain(parse(EXAMPLES["slo-demo"].read_bytes(), "demo.yaml")[0]).words()[1]
    assert demo.startswith("page: 0.005787 % of the budget of 30 days in 15 seconds (10 times")


def test_json() -> None:
    result = CliRunner().invoke(rules_group, ["explain", "-o", "json", str(EXAMPLES["slo"])])
    assert result.exit_code == 0
    [found] = json.loads(result.stdout)
    assert found["workload"] == {"namespace": "shop", "deployment": "shop"}
    assert [alert["may_undo"] for alert in found["alerts"]] == [True, False, False, False]
    assert found["alerts"][0]["detections"] == [
        {"error_ratio": 0.2, "after_seconds": 1296},
        {"error_ratio": 1, "after_seconds": 260},
    ]


def test_a_wrong_file(tmp_path: Path) -> None:
    file = tmp_path / "slo.yaml"
    file.write_text(EXAMPLES["slo"].read_text().replace("99.5\n", "100\n"))
    result = CliRunner().invoke(rules_group, ["explain", str(file)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{file}:10: spec.objective" in result.stderr
