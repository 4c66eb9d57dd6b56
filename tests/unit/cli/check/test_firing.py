"""How often an alert would have fired."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cli.check.finding import Finding, Severity
from cli.check.firing import Firings, check_firing, firings, step_for
from cli.check.report import Check, as_json, as_lines
from cli.replay.alerts import Evaluated, ReplayedAlert
from cli.replay.episodes import Episode
from rules.group import AlertRule
from tests.unit.scenario import NOW

MINUTE = timedelta(minutes=1)


def alert(query: str = "x") -> ReplayedAlert:
    return ReplayedAlert("f.yml", "g", AlertRule("A", query, timedelta(0), {}, {}), query)


def at(minute: int) -> datetime:
    return NOW + minute * MINUTE


def fired(*times: tuple[int, int | None]) -> Evaluated:
    episodes = [Episode({}, at(start), at(start), None if end is None else at(end)) for start, end in times]
    return Evaluated(alert(), tuple(episodes))


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], (0, 0, 0)),
        ([(1, 3), (5, 6)], (2, 2, 3)),
        ([(-5, 1), (8, None)], (2, 2, 3)),
        ([(-5, -1), (-5, 0), (10, 12)], (0, 0, 0)),
    ],
)
def test_counts(times: list[tuple[int, int | None]], expected: tuple[int, int, int]) -> None:
    found = firings(fired(*times), at(0), at(10))
    assert (found.times, found.longest // MINUTE, found.total // MINUTE) == expected


@pytest.mark.parametrize(("end", "checks"), [(5, []), (6, ["fires-always"])])
def test_an_alert_that_fires_most_of_the_time(end: int, checks: list[str]) -> None:
    assert [finding.check for finding in check_firing([fired((0, end))], at(0), at(10))] == checks


@pytest.mark.parametrize(
    ("query", "minutes"),
    [
        ("x > 1", 1),
        ("rate(x[5m]) > 1", 1),
        ("rate(x[3d]) > 1 and rate(x[6h]) > 1", 6),
        ("rate(x[3d]) > 1", 72),
        ("(", 1),
    ],
)
def test_long_windows_are_looked_at_less_often(query: str, minutes: int) -> None:
    assert step_for(alert(query).rule, MINUTE) == minutes * MINUTE


def test_a_generated_rule_says_how_short_its_window_is() -> None:
    rule = AlertRule("A", "recorded > 1", timedelta(0), {}, {"worst_reset_time": "6h"})
    assert step_for(rule, MINUTE) == 6 * MINUTE


@pytest.mark.parametrize(
    ("severities", "fails", "fails_strictly"),
    [([], False, False), (["warning"], False, True), (["warning", "error"], True, True)],
)
def test_what_fails(severities: list[str], fails: bool, fails_strictly: bool) -> None:
    check = Check(1, [Finding(Severity(severity), "c", "w", "m") for severity in severities])
    assert (check.fails(strict=False), check.fails(strict=True)) == (fails, fails_strictly)


def test_a_table_of_firings() -> None:
    labels = {"severity": "page", "long_window": "1h", "metricops": "undo"}
    one = ReplayedAlert("f.yml", "g", AlertRule("A", "x", timedelta(0), labels, {}), "x")
    found = Check(1, [], [Firings(one, 2, 3 * MINUTE, 5 * MINUTE)], at(0), at(10))
    assert as_lines(found)[1].split() == ["A", "(page,", "1h)", "g", "yes", "2", "3m", "5m"]
    assert as_lines(found)[-1] == "1 alert, 0 errors, 0 warnings"
    assert as_json(found)["firings"][0] == {
        **{"alert": "A", "group": "g", "labels": labels, "mayUndo": True},
        **{"times": 2, "longestSeconds": 180.0, "totalSeconds": 300.0},
    }
