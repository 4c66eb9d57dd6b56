"""Whether Prometheus would take a rule file: by promtool, or as far as can be told without it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import promql_parser
import yaml

from rules.durations import DurationError, parse_duration
from sync.rendering import in_words

TOGETHER = 50
"""So many files are given to one promtool."""
SECONDS = 60.0
LONGEST_ANSWER = 2000

Check = Callable[[Mapping[str, str]], dict[str, str]]
"""From file names and texts to what is wrong with those that are wrong."""

_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_GROUP_FIELDS = {"name", "interval", "query_offset", "limit", "rules", "labels"}
_ALERT_FIELDS = {"alert", "expr", "for", "keep_firing_for", "labels", "annotations"}
_RECORD_FIELDS = {"record", "expr", "labels"}


class PromtoolError(Exception):
    """promtool can't be run at all."""


def promtool_check(promtool: Path) -> Check:
    """A check by `promtool check rules`: Prometheus' own code, so take the one of its version."""

    def check(texts: Mapping[str, str]) -> dict[str, str]:
        """Raises `PromtoolError`."""
        problems: dict[str, str] = {}
        names = sorted(texts)
        with tempfile.TemporaryDirectory(prefix="metricops-sync-") as folder:
            for name in names:
                Path(folder, name).write_text(texts[name], encoding="utf-8")
            for start in range(0, len(names), TOGETHER):
                problems |= _promtool(promtool, folder, names[start : start + TOGETHER])
        return problems

    return check


def _promtool(promtool: Path, folder: str, names: Sequence[str]) -> dict[str, str]:
    """One run for all; where it complains, one for each half of them, until it is clear about which."""
    try:
        answer = subprocess.run(
            [promtool, "check", "rules", *names],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
            env={"PATH": os.environ.get("PATH", ""), "HOME": folder},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PromtoolError(f"{promtool}: {error}") from error
    if answer.returncode == 0:
        return {}
    if len(names) > 1:
        middle = len(names) // 2
        return _promtool(promtool, folder, names[:middle]) | _promtool(promtool, folder, names[middle:])
    said = " ".join(answer.stderr.replace(names[0] + ":", "").replace(names[0], "").split())
    return {names[0]: f"promtool: {said[:LONGEST_ANSWER] or f'exit code {answer.returncode}'}"}


def own_check(texts: Mapping[str, str]) -> dict[str, str]:
    """A check without promtool: fields, durations, and every expression by a PromQL parser.

    The texts are of groups that have the shape of a rule file (`sync/shape.py`).
    """
    return {name: in_words(problems) for name, text in texts.items() if (problems := _problems(text))}


def _problems(text: str) -> list[str]:
    problems: list[str] = []
    seen: set[str] = set()
    for group in yaml.load(text, Loader=_Loader)["groups"] or ():  # noqa: S506 - a safe loader
        name = str(group.get("name") or "")
        place = f"group {name}"
        if not name or name in seen:
            problems.append(f"{place}: found {'it twice' if name else 'no name'}, expected a name of its own")
        seen.add(name)
        problems += _unknown(place, group, _GROUP_FIELDS)
        problems += _durations(place, group, ("interval", "query_offset"))
        for rule in group.get("rules") or ():
            problems += _of_rule(place, rule)
    return problems


def _of_rule(place: str, rule: Mapping[str, object]) -> list[str]:
    kinds = [kind for kind in ("alert", "record") if rule.get(kind)]
    if len(kinds) != 1:
        return [f"{place}: found {' and '.join(kinds) or 'neither alert nor record'}, expected one of alert, record"]
    where = f"{place}, rule {rule[kinds[0]]}"
    problems = _unknown(where, rule, _ALERT_FIELDS if kinds[0] == "alert" else _RECORD_FIELDS)
    problems += _durations(where, rule, ("for", "keep_firing_for"))
    expression = str(rule.get("expr", ""))
    try:
        promql_parser.parse(expression)
    except ValueError as error:
        problems.append(f"{where}: expr: {error}")
    return problems


def _unknown(place: str, fields: Mapping[str, object], known: set[str]) -> list[str]:
    return [f"{place}: found the unknown field {name}" for name in sorted(set(fields) - known)]


def _durations(place: str, fields: Mapping[str, object], names: Sequence[str]) -> list[str]:
    problems = []
    for name in names:
        value = str(fields.get(name, "0s"))
        try:
            parse_duration("0s" if value == "0" else value)
        except DurationError as error:
            problems.append(f"{place}: {name}: {error}")
    return problems
