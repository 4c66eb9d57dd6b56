"""The survivors that change nothing that anybody could observe, each with the reason (equivalent.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.mutants import Mutant

LIST = Path(__file__).with_name("equivalent.toml")


@dataclass(frozen=True, slots=True)
class Equivalent:
    """An accepted survivor: the lines that differ, and why no test can tell them apart."""

    file: str
    function: str
    before: str
    after: str
    reason: str

    def is_of(self, mutant: Mutant) -> bool:
        """Whether this is that mutant."""
        own = (self.file, self.function, _lines(self.before), _lines(self.after))
        return own == (mutant.file, mutant.function, _lines(mutant.before), _lines(mutant.after))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def read_equivalents(path: Path = LIST) -> list[Equivalent]:
    """The list. Raises `TypeError` where an entry lacks a field or has an unknown one."""
    return [Equivalent(**entry) for entry in tomllib.loads(path.read_text()).get("mutant", [])]


def sort_out(
    survivors: Iterable[Mutant], equivalents: Iterable[Equivalent]
) -> tuple[list[Mutant], list[Mutant], list[Equivalent]]:
    """The survivors that are not on the list, those that are, and the entries that no survivor has."""
    survivors, equivalents = list(survivors), list(equivalents)
    known = [mutant for mutant in survivors if any(entry.is_of(mutant) for entry in equivalents)]
    stale = [entry for entry in equivalents if not any(entry.is_of(mutant) for mutant in survivors)]
    return [mutant for mutant in survivors if mutant not in known], known, stale
