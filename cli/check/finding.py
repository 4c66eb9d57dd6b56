"""One thing that a check has found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rules.problems import Problem


class Severity(StrEnum):
    """Whether a rule can't do what it should, or looks as if it did not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` is a word for machines; `where` a file with its line, or a source with its rule; `message` for people."""

    severity: Severity
    check: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.where}: {self.message} ({self.check})"


def of_problem(problem: Problem) -> Finding:
    """A file that can't be turned into rules."""
    message = f"{problem.field or 'document'}: found {problem.found}, expected {problem.expected}"
    return Finding(Severity.ERROR, "specification", f"{problem.file}:{problem.line}", message)
