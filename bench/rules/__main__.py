"""`python -m bench.rules`: page and ticket of our rules beside those of sloth's, in Prometheus' virtual time."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from bench.__main__ import narrator
from bench.rules.comparison import Bench, Outcome
from bench.rules.report import report
from bench.rules.scenarios import Scenario
from bench.rules.sloth import Sloth, sloth
from bench.rules.specifications import COMPARED, EXAMPLES, our_rules, rules_of_sloth
from sandbox.cache import Progress, cache_folder, run_folder
from sandbox.debian import Pair, monitoring_binaries

PROGRESS_EVERY_SECONDS = 8.0


def main() -> int:
    """Returns the exit code: 1 where something could not be evaluated."""
    parser = argparse.ArgumentParser(prog="python -m bench.rules", description=__doc__)
    parser.add_argument("--pair", choices=get_args(Pair), default="default", help="which promtool")
    parser.add_argument("--only", default="", help="only examples and scenarios of which this is a part")
    parser.add_argument("--examples", type=Path, default=EXAMPLES, help="the folder with the specifications")
    parser.add_argument("--json", type=Path, help="where the rows go (default: bench-rules.json in the cache folder)")
    options = parser.parse_args()
    began = time.monotonic()
    say = narrator(began)
    if not options.examples.is_dir():
        say(f"{options.examples}: no such folder, nothing to compare")
        return 0
    binaries = monitoring_binaries(options.pair, progress=say)
    program = sloth(say)
    folder = run_folder("bench-rules")
    try:
        outcomes, failed = run(jobs(options, program, binaries.promtool, folder), say)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    versions = {"sloth": program.version, "prometheus": binaries.prometheus_version}
    path = options.json or cache_folder() / "bench-rules.json"
    content = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - began, 1),
        "versions": versions,
        "failed": failed,
        "outcomes": [asdict(one) for one in outcomes],
    }
    path.write_text(json.dumps(content, indent=2) + "\n")
    print(f"\n{report(outcomes)}\n")
    print(
        f"sloth {program.version}, Prometheus {binaries.prometheus_version}; {content['seconds']} s; all rows: {path}"
    )
    for what in failed:
        print(f"could not run: {what}", file=sys.stderr)
    return 1 if failed else 0


def jobs(options: argparse.Namespace, program: Sloth, promtool: Path, folder: Path) -> list[tuple[Bench, Scenario]]:
    """What there is to evaluate, the longest first."""
    found: list[tuple[Bench, Scenario]] = []
    for number, example in enumerate(COMPARED):
        courses = [one for one in example.courses() if options.only in f"{example.name} {one.name}"]
        if not courses:
            continue
        place = folder / str(number)
        groups = [
            *rules_of_sloth(example, options.examples, program, place),
            *our_rules(example, options.examples),
        ]
        budgets = example.budgets(options.examples)
        found += [
            (Bench(promtool, place / one.name.replace(" ", "-"), groups, example, budgets), one) for one in courses
        ]
    return found


def run(asked: Sequence[tuple[Bench, Scenario]], progress: Progress) -> tuple[list[Outcome], list[str]]:
    """All of it, as many at once as there are cores: what was found, in the order of the jobs, and what failed."""
    found: dict[int, Outcome] = {}
    failed: list[str] = []
    told = time.monotonic()
    # What takes longest begins first: nothing is left to wait for alone at the end.
    by_length = sorted(range(len(asked)), key=lambda number: -_length(*asked[number]))
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        running = {pool.submit(asked[number][0].compare, asked[number][1]): number for number in by_length}
        pending = set(running)
        while pending:
            finished, pending = wait(pending, PROGRESS_EVERY_SECONDS, FIRST_COMPLETED)
            for done in finished:
                bench, scenario = asked[running[done]]
                try:
                    found[running[done]] = done.result()
                except (OSError, RuntimeError) as error:
                    failed.append(f"{bench.example.name}, {scenario.name}: {error}")
            if time.monotonic() - told >= PROGRESS_EVERY_SECONDS:
                told = time.monotonic()
                progress(f"{len(asked) - len(pending)} of {len(asked)} courses of events compared")
    return [found[number] for number in sorted(found)], failed


def _length(bench: Bench, scenario: Scenario) -> float:
    return scenario.evaluations**2 * (8 if bench.example.costly else 1)


if __name__ == "__main__":
    sys.exit(main())
