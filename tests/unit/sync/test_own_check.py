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
        (groups(alert("rate(x[5m")), "group g, rule Down: expr: "),
        (groups({"alert": "Down"}), "group g, rule Down: expr: "),
        (groups(alert(expr2="x")), "unknown field expr2"),
        (groups(alert(), intervall="1m"), "unknown field intervall"),
        (groups({"expr": "1"}), "found neither alert nor record"),
        (groups({"alert": "a", "record": "b", "expr": "1"}), "found alert and record"),
        (groups({"record": "b", "expr": "1", "for": "1m"}), "unknown field for"),
        (groups(alert(**{"for": "5 minutes"})), "for: found '5 minutes'"),
        (groups(alert(), interval="x"), "interval: found 'x'"),
        (groups() + groups(), "group g: found it twice"),
        (groups(name=""), "found no name"),
    ],
)
def test_what_is_wrong_is_named(given: list[dict[str, Any]], said: str) -> None:
    assert said in problem(given)


def test_only_the_wrong_file_is_named() -> None:
    good, bad = (yaml.safe_dump({"groups": groups(alert(e))}) for e in ("up", "up("))
    assert set(own_check({"good": good, "bad": bad})) == {"bad"}
