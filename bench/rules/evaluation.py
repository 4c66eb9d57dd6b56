"""Rules evaluated in promtool's virtual time, by Prometheus' own rule manager and query engine.

promtool says what a query gave only where that is not what the test expects: each test expects nothing.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.process import TIED_TO_US

_Dumper: type[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_RESULT = re.compile(r"^\s+expr: \"(?P<query>(?:[^\"\\]|\\.)*)\", time: (?P<time>\S+?),\s*$")
_SAMPLE = re.compile(r"\{(?P<labels>[^{}]*)\} (?P<value>[-+0-9.eE]+|NaN|[-+]?Inf)")
_LABEL = re.compile(r"(\w+)=\"((?:[^\"\\]|\\.)*)\"")
_UNIT_SECONDS = {"d": 86_400, "h": 3600, "m": 60, "s": 1}


@dataclass(frozen=True, slots=True)
class Sample:
    """A value that a query gave at a step."""

    step: int
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Question:
    """A query, and the steps at which it is asked after all rules have been evaluated at all steps."""

    query: str
    steps: Sequence[int]


def evaluate(
    promtool: Path,
    folder: Path,
    groups: Sequence[Mapping[str, Any]],
    series: Sequence[Mapping[str, str]],
    *,
    step: int,
    questions: Sequence[Question],
) -> list[Sample]:
    """Evaluate rule groups every `step` minutes, in their order, from 0 to the last step that is asked about.

    Raises `RuntimeError` where a rule fails, or where promtool says what can't be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rules, test = folder / "rules.yml", folder / "test.yml"
    _write(rules, {"groups": groups})
    content = {
        "rule_files": [str(rules)],
        "evaluation_interval": f"{step}m",
        "group_eval_order": [group["name"] for group in groups],
        "tests": [
            {
                "interval": f"{step}m",
                "input_series": list(series),
                "promql_expr_test": [
                    {"expr": one.query, "eval_time": f"{number * step}m", "exp_samples": []}
                    for one in questions
                    for number in one.steps
                ],
            }
        ],
    }
    _write(test, content)
    environment = {**os.environ, "NO_COLOR": "1", "GOMAXPROCS": "1"}
    answer = subprocess.run(
        [*TIED_TO_US, promtool, "test", "rules", test], capture_output=True, text=True, env=environment, check=False
    )
    return list(samples(answer.stdout + answer.stderr, step))


def _write(path: Path, content: Any) -> None:
    path.write_text(yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=100_000))


def samples(output: str, step: int) -> Iterator[Sample]:
    """What promtool's output says that the queries gave. Raises `RuntimeError` for anything else that it says."""
    at: int | None = None
    for line in output.splitlines():
        text = line.strip()
        asked = _RESULT.match(line)
        if asked is not None:
            at = _minutes(asked["time"]) // step
        elif at is not None and text.startswith(("{", "got:")):
            yield from _read(at, text)
        elif text not in ("", "FAILED:", "SUCCESS", "exp: nil", "exp:nil") and not text.startswith("Unit Testing"):
            raise RuntimeError(f"promtool: {text}")


def _read(step: int, text: str) -> Iterator[Sample]:
    for found in _SAMPLE.finditer(text):
        yield Sample(step, dict(_LABEL.findall(found["labels"])), float(found["value"]))


def _minutes(duration: str) -> int:
    parts = re.findall(r"(\d+)([dhms])", duration)
    return sum(int(amount) * _UNIT_SECONDS[unit] for amount, unit in parts) // 60


def runs(steps: Iterable[int]) -> list[tuple[int, int]]:
    """Steps as runs of neighbours: first and last of each."""
    found: list[tuple[int, int]] = []
    for step in sorted(steps):
        if found and step == found[-1][1] + 1:
            found[-1] = (found[-1][0], step)
        else:
            found.append((step, step))
    return found
