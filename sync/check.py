"""Whether Prometheus would take a rule file: by promtool, or as far as can be told without it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import yaml

from rules.document import LOADER, read_documents
from rules.fields import Field
from rules.rule_file import read_rule_document
from sync.rendering import in_words, without_line

TOGETHER = 50
"""So many files are given to one promtool."""
SECONDS = 60.0
LONGEST_ANSWER = 2000

Check = Callable[[Mapping[str, str]], dict[str, str]]
"""From file names and texts to what is wrong with those that are wrong."""


class PromtoolError(Exception):
    """promtool can't be run at all."""


def promtool_check(promtool: Path) -> Check:
    """A check by `promtool check rules`: Prometheus' own code, so take the one of its version."""

    def check(texts: Mapping[str, str]) -> dict[str, str]:
        """Raises `PromtoolError`."""
        problems: dict[str, str] = {}
        names = sorted(texts)
        for start in range(0, len(names), TOGETHER):
            some = names[start : start + TOGETHER]
            with tempfile.TemporaryDirectory(prefix="metricops-sync-") as folder:
                for name in some:
                    Path(folder, name).write_text(texts[name], encoding="utf-8")
                problems |= _promtool(promtool, folder, some)
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
    """A check without promtool: fields, durations, and every expression by a PromQL parser; templates go unseen.

    The texts are of groups that have the shape of a rule file (`sync/shape.py`).
    """
    return {name: in_words(problems) for name, text in texts.items() if (problems := _problems(name, text))}


def _problems(name: str, text: str) -> list[str]:
    groups = yaml.load(text, Loader=LOADER)["groups"]  # noqa: S506 - a safe loader
    if not groups:
        return []
    documents, problems = read_documents(text.encode(), name)
    for document in documents:
        read_rule_document(Field(document, "", name, problems))
    twice = sorted(str(group) for group, times in Counter(group.get("name") for group in groups).items() if times > 1)
    return [
        *map(without_line, problems),
        *(f"groups: found the name {group} twice, expected a name of its own for each" for group in twice),
    ]
