"""`python -m tests.mutation`: mutates a copy of the checkout, runs the unit tests, tells of the survivors.

Exits non-zero where a survivor is not on the list of equivalent mutants, or the list names one that does not survive.
What is mutated and which tests run: `[tool.mutmut]` in pyproject.toml.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter

from sandbox.cache import Progress
from tests.mutation.checkout import copy_for_mutmut
from tests.mutation.equivalent import LIST, read_equivalents, sort_out
from tests.mutation.mutants import run, show, statuses

KILLED = ("killed", "timeout")

say: Progress = print


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1, help="mutants at a time")
    options = parser.parse_args()
    os.nice(15)
    began = time.monotonic()
    equivalents = read_equivalents()
    with copy_for_mutmut() as folder:
        run(folder, ["run", "--max-children", str(options.jobs)])
        found = statuses(folder)
        survivors = show(folder, [name for name, status in found.items() if status not in KILLED])
    wording = [mutant for mutant in survivors if mutant.is_wording]
    unknown, known, stale = sort_out((mutant for mutant in survivors if not mutant.is_wording), equivalents)
    for mutant in unknown:
        say(f"{mutant}\n")
    for entry in stale:
        say(f"{LIST.name}: no survivor is {entry.file} {entry.function}: {entry.after}\n")
    for name, status in found.items():
        if status == "timeout":
            say(f"not known, too slow: {name}")
    counts = Counter(found.values())
    say(
        f"{len(found)} mutants in {time.monotonic() - began:.0f} s: "
        + ", ".join(f"{counts[status]} {status}" for status in sorted(counts))
    )
    say(f"of the survivors {len(wording)} change only wording, {len(known)} are equivalent, {len(unknown)} are open")
    return 1 if unknown or stale or not found else 0


if __name__ == "__main__":
    sys.exit(main())
