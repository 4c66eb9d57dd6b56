"""Whether groups have the shape of a rule file: what everything after this relies upon.

What the rules say is judged by `sync/check.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def misshapen(groups: Any) -> list[str]:
    """What is not as it should be; each entry names its place."""
    return list(_problems(groups))


def _problems(groups: Any) -> Iterator[str]:
    if not isinstance(groups, list):
        yield f"groups: found {_what(groups)}, expected a list"
        return
    for number, group in enumerate(groups):
        place = f"groups[{number}]"
        if not isinstance(group, dict):
            yield f"{place}: found {_what(group)}, expected a mapping"
            continue
        yield from _labels(f"{place}.labels", group.get("labels"))
        rules = group.get("rules")
        if rules is not None and not isinstance(rules, list):
            yield f"{place}.rules: found {_what(rules)}, expected a list"
            continue
        for index, rule in enumerate(rules or ()):
            where = f"{place}.rules[{index}]"
            if isinstance(rule, dict):
                yield from _labels(f"{where}.labels", rule.get("labels"))
            else:
                yield f"{where}: found {_what(rule)}, expected a mapping"


def _labels(place: str, labels: Any) -> Iterator[str]:
    if labels is not None and not isinstance(labels, dict):
        yield f"{place}: found {_what(labels)}, expected a mapping"


def _what(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return repr(value)[:60]
