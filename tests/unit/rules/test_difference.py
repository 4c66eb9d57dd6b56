"""`metricops rules diff`: what changes in alerts, in words, the most dangerous first."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.rules import rules_group
from rules.difference.changes import Danger, differences
from rules.difference.conditions import conditions
from rules.generate import generate
from rules.group import AlertRule, RuleGroup, RuleSet
from rules.parse import parse
from tests.unit.rules.test_generate import EXAMPLES, GOLDEN

SLO = EXAMPLES["slo"].read_text()


def rules(text: str) -> list[RuleSet]:
    return [generate(one) for one in parse(text.encode(), "slo.yaml")]


def told(old: str, new: str) -> list[str]:
    """The lines, without those about texts and recordings."""
    found = [one for one in differences(rules(old), rules(new)) if one.danger != Danger.TEXTS]
    return [f"{one.danger.mark} {one}".replace("shop-availability: ErrorBudgetBurn ", "") for one in found]


def alerting(text: str) -> str:
    return f"{SLO}  alerting:\n    {text}\n"


WINDOWS = "windows: [{severity: page, long: 1h, short: 5m, factor: 14.4}]"


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        pytest.param(SLO, SLO, [], id="nothing"),
        pytest.param(
            SLO,
            SLO.replace("99.5\n", "99.9\n"),
            [
                "UNDO+ (page over 1h): asks for an error ratio above 1.44 % instead of an error ratio above 7.2 %",
                "UNDO+ (page over 1h): gives the receiver other evidence to judge by: metricops_limit",
                "PAGE (page over 6h): asks for an error ratio above 0.6 % instead of an error ratio above 3 %",
                "ALERT (ticket over 1d): asks for an error ratio above 0.3 % instead of an error ratio above 1.5 %",
                "ALERT (ticket over 3d): asks for an error ratio above 0.1 % instead of an error ratio above 0.5 %",
            ],
            id="a stricter objective",
        ),
        pytest.param(
            alerting(WINDOWS),
            alerting(WINDOWS.replace("14.4", "20")),
            [
                "UNDO+ (page over 1h): gives the receiver other evidence to judge by: metricops_limit",
                "UNDO- (page over 1h): asks for an error ratio above 10 % instead of an error ratio above 7.2 %",
            ],
            id="a higher factor",
        ),
        pytest.param(
            SLO,
            SLO.replace("{namespace: shop, deployment: shop}", "{namespace: shop, deployment: cart}"),
            [
                f"{mark} ({alert}): blames the Deployment shop/cart instead of the Deployment shop/shop"
                for mark, alert in (
                    ("UNDO+", "page over 1h"),
                    ("PAGE", "page over 6h"),
                    ("ALERT", "ticket over 1d"),
                    ("ALERT", "ticket over 3d"),
                )
            ],
            id="another workload",
        ),
        pytest.param(
            alerting(WINDOWS),
            alerting(WINDOWS.replace("1h", "30m")),
            [
                "UNDO+ (page over 30m): asks for an error ratio over 30m above 7.2 % instead of an error ratio over 1h "
                "above 7.2 %",
                "UNDO+ (page over 30m): asks for failed events over 30m of at least 5 instead of failed events over 1h "
                "of at least 5",
            ],
            id="a shorter window",
        ),
        pytest.param(
            SLO,
            alerting("undo: false"),
            [
                "UNDO- (page over 1h): may no longer undo the Deployment shop/shop",
                "PAGE (page over 1h): no longer asks for failed events over 1h of at least 5",
            ],
            id="it may undo no longer",
        ),
        pytest.param(
            alerting("undo: false"),
            SLO,
            [
                "UNDO+ (page over 1h): may undo the Deployment shop/shop now",
                "PAGE (page over 1h): asks for failed events over 1h of at least 5 as well",
            ],
            id="it may undo now",
        ),
        pytest.param(
            SLO,
            alerting("minimumErrors: 2"),
            [
                "UNDO+ (page over 1h): asks for failed events of at least 2 instead of failed events of at least 5",
                "ALERT (ticket over 3d): goes on for failed events of at least 2 while there is no traffic instead of "
                "failed events of at least 5 while there is no traffic",
            ],
            id="fewer errors are enough",
        ),
        pytest.param(
            SLO,
            alerting("minimumErrors: 0"),
            [
                "UNDO+ (page over 1h): no longer asks for failed events over 1h of at least 5",
                "ALERT (ticket over 3d): no longer goes on for failed events over 3d of at least 5 while there is no "
                "traffic",
            ],
            id="no error is needed",
        ),
        pytest.param(
            SLO,
            alerting("ticket: {disabled: true}"),
            [
                "PAGE (page over 6h): goes on for failed events over 6h of at least 5 while there is no traffic",
                "ALERT (ticket over 1d): is gone",
                "ALERT (ticket over 3d): is gone",
            ],
            id="no tickets",
        ),
        pytest.param(
            alerting("page: {disabled: true}"),
            SLO,
            [
                "UNDO+ (page over 1h): is new: an error ratio over 1h above 7.2 % and an error ratio over 5m above "
                "7.2 % and failed events over 1h of at least 5, and may undo the Deployment shop/shop",
                "PAGE (page over 6h): is new: an error ratio over 6h above 3 % and an error ratio over 30m above 3 %",
            ],
            id="pages",
        ),
        pytest.param(
            alerting(f"{WINDOWS}\n    attributionWindow: 2h"),
            alerting(f"{WINDOWS.replace('14.4', '14.4, for: 2m')}\n    attributionWindow: 2h"),
            ["UNDO- (page over 1h): fires after 2m instead of 0s"],
            id="it holds on",
        ),
    ],
)
def test_in_words(old: str, new: str, lines: list[str]) -> None:
    assert told(old, new) == lines


def test_what_counts_as_a_failure_is_a_danger() -> None:
    found = differences(rules(SLO), rules(SLO.replace('code=~"5.."', 'code=~"5..|429"')))
    assert {one.danger for one in found} == {Danger.MORE_UNDONE}
    assert any(one.alert == "metricops:slo_errors:rate…" and '"5..|429"' in one.words for one in found)


def test_a_renamed_objective_is_no_new_one() -> None:
    found = differences(rules(SLO), rules(SLO.replace("name: shop-availability", "name: shop-answers")))
    assert not any("is new" in one.words or "is gone" in one.words for one in found)
    assert "has label slo shop-answers instead of shop-availability" in {one.words for one in found}


def test_rules_of_others() -> None:
    def one(expression: str) -> list[RuleSet]:
        alert = AlertRule("Down", expression, timedelta(), {"severity": "page"}, {})
        return [RuleSet("others", "", {}, (RuleGroup("up", (alert,)),))]

    [change] = differences(one('up{job="a"} == 0'), one("up == 0"))
    assert (change.danger, str(change)) == (Danger.PAGES, 'Down (page): asks up == 0 instead of up{job="a"} == 0')


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("slo:sli_error:ratio_rate5m > (14.4 * 0.005)", ["an error ratio over 5m above 7.2 %"]),
        ("0.5 < m and n >= 2", ["m above 0.5", "n of at least 2"]),
        ('2 * m{a!="b"} / 4 <= 3', []),
        ("m * 2 <= 3", ["m of at most 1.5"]),
        ("round(m * 2) <= 3", ["m of at most 1.5"]),
        ("m > 1 and (n > 2 or (o > 3 unless n))", ["m above 1", "n above 2", "o above 3 while there is no traffic"]),
        ("m / -2 <= 3", []),
        ("rate(m[5m]) > 1", []),
        ("m > n", []),
        ("m > 1 or n > 2", []),
        ("m offset 5m > 1", []),
    ],
)
def test_conditions(expression: str, words: list[str]) -> None:
    [alert, *_] = [rule for rule in rules(SLO)[0].rules if isinstance(rule, AlertRule)]
    assert [one.words() for one in conditions(replace(alert, expression=expression))] == words


def diff(*arguments: str | Path) -> Result:
    return CliRunner().invoke(rules_group, ["diff", *map(str, arguments)])


def test_a_specification_against_what_was_generated_from_it() -> None:
    for form in ("rules", "prometheusrule"):
        result = diff(EXAMPLES["slo"], GOLDEN / f"slo.{form}.yaml")
        assert (result.exit_code, result.stdout) == (0, "No alert changes.\n")


def test_folders_and_json(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old / "deeper", new):
        folder.mkdir(parents=True)
        (folder / "slo.yml").write_text(SLO)
        (folder / "slo.test.yaml").write_text("tests: []")
    assert diff(old, new).exit_code == 0
    (new / "more.yaml").write_text(EXAMPLES["rule"].read_text())
    result = diff("--output", "json", old, new)
    assert result.exit_code == 1
    assert json.loads(result.stdout) == [
        {
            "danger": "more_undone",
            "slo": "shop-any-5xx",
            "alert": "DeployerRule (page)",
            "change": 'is new: on rate(http_request_total{code=~"^5.*$"}[5m]) > 0, '
            "and may undo the Deployment shop/shop",
        }
    ]


def test_a_wrong_file_is_no_difference(tmp_path: Path) -> None:
    file = tmp_path / "slo.yaml"
    file.write_text(SLO.replace("99.5\n", "100\n"))
    result = diff(EXAMPLES["slo"], file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{file}:10: spec.objective" in result.stderr
    assert diff(EXAMPLES["slo"], tmp_path / "missing").exit_code == 2
