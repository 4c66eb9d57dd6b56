"""What mutmut says of its mutants, read from the output of its commands."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.checkout import CHECKOUT, GETTER

MARKED = re.compile(r"""(["'])XX(.*?)XX\1""")
"""How mutmut changes a string literal, beside turning it into capitals or small letters."""


HEADLINE = re.compile(r"^# (\S+__mutmut_\d+): .*$", re.MULTILINE)
"""How mutmut begins what it shows of a mutant."""
IN_ONE_PROCESS = """
import json, sys
from mutmut.__main__ import cli
for command in json.loads(sys.argv[1]):
    cli(command, standalone_mode=False)
"""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed function: `before` and `after` are the lines that differ, without indentation."""

    file: str
    function: str
    before: str
    after: str
    line: int

    @property
    def is_wording(self) -> bool:
        """Whether nothing but a text for people is changed: a literal in which there is a space."""
        return " " in (_changed_literal(self.before, self.after) or "")

    def __str__(self) -> str:
        removed, added = self.before.splitlines(), self.after.splitlines()
        return "\n".join(
            [
                f"{self.file}:{self.line} in {self.function}",
                *(f"  - {line}" for line in removed),
                *(f"  + {line}" for line in added),
            ]
        )


def _changed_literal(before: str, after: str) -> str | None:
    """The text of the one string literal that differs; None where something else differs."""
    if before.casefold() == after.casefold():
        places = [place for place, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
        return _literal_around(before, places[0], places[-1]) if places else None
    for found in MARKED.finditer(after):
        literal = found.group(2)
        if after[: found.start()] + f"{found.group(1)}{literal}{found.group(1)}" + after[found.end() :] == before:
            return literal
    return None


def _literal_around(line: str, first: int, last: int) -> str:
    """The text between the quotes around two places of a line."""
    begin = max(line.rfind(quote, 0, first) for quote in "\"'") + 1
    end = min((place for quote in "\"'" if (place := line.find(quote, last)) >= 0), default=len(line))
    return line[begin:end]


def run(folder: Path, *commands: list[str]) -> str:
    """What mutmut prints for the commands, one after another in one process: its start takes longer than most of them.

    Raises `SystemExit` with the output where a command fails.
    """
    arguments = [sys.executable, "-c", IN_ONE_PROCESS, json.dumps(commands)]
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"mutmut failed on {commands[0]}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


def statuses(folder: Path) -> dict[str, str]:
    """mutmut's name of each mutant → killed, survived, timeout, no tests, …"""
    lines = run(folder, ["results", "--all", "true"]).splitlines()
    return dict(line.strip().rsplit(": ", 1) for line in lines if ": " in line)


def show(folder: Path, names: list[str]) -> list[Mutant]:
    """The mutants by mutmut's names of them."""
    parts = re.split(HEADLINE, run(folder, *(["show", name] for name in names)))
    return [read_diff(diff, name) for name, diff in zip(parts[1::2], parts[2::2], strict=True)]


def read_diff(text: str, name: str) -> Mutant:
    """The mutant of a unified diff whose line numbers count from the beginning of the function."""
    lines = text.splitlines()
    file = next(line.removeprefix("--- ") for line in lines if line.startswith("--- "))
    hunk = next(index for index, line in enumerate(lines) if line.startswith("@@"))
    body = lines[hunk + 1 :]
    before = [line[1:].strip() for line in body if line.startswith("-")]
    after = [line[1:].strip() for line in body if line.startswith("+")]
    function = _function_of(name)
    return Mutant(file, function, "\n".join(before), "\n".join(after), _line_of(file, function, before[0]))


def _function_of(name: str) -> str:
    """`Class.method` or `function` from `package.module.xǁClassǁmethod__mutmut_1` or `….x_function__mutmut_1`."""
    mangled = name.rpartition(".")[2].rpartition("__mutmut_")[0]
    if "ǁ" not in mangled:
        return mangled.removeprefix("x_")
    _, owner, method = mangled.split("ǁ")
    return f"{owner}.{method.removeprefix(GETTER)}"


def _line_of(file: str, function: str, text: str) -> int:
    """Where the line stands in the checkout: the first such line of the function, else where the function begins."""
    source = (CHECKOUT / file).read_text()
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name == function.rpartition(".")[2]:
            inside = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            return next((number for number in inside if lines[number - 1].strip() == text), node.lineno)
    return 1
