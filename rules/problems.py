"""What is wrong with a specification: every problem names file, line, field, what was found, what was expected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `line` counts from 1; `field` is a path such as `spec.alerting.windows[0].long`."""

    file: str
    line: int
    field: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field or 'document'}: found {self.found}, expected {self.expected}"


class SpecificationError(Exception):
    """The files can't be turned into rules; `problems` holds all that is wrong with them, in their order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))
