"""What is found without promtool."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from sync.check import own_check
from tests.unit.sync.objects import alert, groups


def problem(given: list[dict[str, Any]]) -> str:
    return own_check({"f": yaml.safe_dump({"groups": given})}).get("f", "")


def test_good_rules_pass() -> None:
    record = {"record": "a:b", "expr": "sum by (x) (rate(y[5m]))"}
    assert problem(groups(alert(**{"for": "5m", "keep_firing_for": "1h30m"}), record, interval="0", limit=3)) == ""
    assert own_check({"f": "groups: []", "g": "groups:"}) == {}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (groups(alert("rate(x[5m")), "groups[0].rules[0].expr: found "),
        (groups({"alert": "Down"}), "groups[0].rules[0].expr: found nothing"),
        (groups(alert(expr2="x")), "unknown field 'expr2', expected expr"),
        (groups(alert(), intervall="1m"), "unknown field 'intervall', expected interval"),
        (groups({"expr": "1"}), "found neither, expected either alert or record"),
        (groups({"alert": "a", "record": "b", "expr": "1"}), "found alert and record"),
        (groups(alert(**{"for": "5 minutes"})), "for: found '5 minutes'"),
        (groups(alert(), interval="x"), "interval: found 'x'"),
        (groups() + groups(), "groups: found the name g twice"),
        (groups(name=""), "groups[0].name: found an empty text"),
    ],
)
def test_what_is_wrong_is_named(given: list[dict[str, Any]], said: str) -> None:
    assert said in problem(given)


def test_only_the_wrong_file_is_named() -> None:
    good, bad = (yaml.safe_dump({"groups": groups(alert(e))}) for e in ("up", "up("))
    assert set(own_check({"good": good, "bad": bad})) == {"bad"}
