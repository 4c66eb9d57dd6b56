"""`python -m bench`: measures, and prints a table with the goals beside it.

A goal that is missed is said, and is no failure; a benchmark that could not run is one.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench import admission, calls, deliveries, latency, scale
from bench.figures import Figure, table
from bench.rules import figures as rules
from bench.rules.sloth import sloth
from bench.scene import Scene
from sandbox.binaries import control_plane_binaries
from sandbox.cache import Progress, cache_folder
from sandbox.debian import monitoring_binaries

IN_SCENE: dict[str, Callable[..., list[Figure]]] = {
    "c": calls.measure,
    "b": latency.measure,
    "a": deliveries.measure,
}
"""In the order in which they run: what is counted and timed comes before what wears out."""
ALONE: dict[str, Callable[..., list[Figure]]] = {"d": scale.measure, "e": rules.measure, "f": admission.measure}
"""The second needs no cluster, the others have one of their own."""
PARTS = (*IN_SCENE, *ALONE)


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few and short repetitions: to try things out")
    parser.add_argument("--only", default="".join(PARTS), help="letters of the parts to run (default: all)")
    parser.add_argument("--json", type=Path, help="where the figures go (default: bench.json in the cache folder)")
    options = parser.parse_args()
    unknown = sorted(set(options.only) - set(PARTS))
    if unknown:
        parser.error(f"--only: found {options.only!r}, expected letters of {''.join(sorted(PARTS))}")
    began = time.monotonic()
    say = narrator(began)
    figures: list[Figure] = []
    failed: list[str] = []
    # Builds and downloads come first: nothing else runs meanwhile.
    control_plane_binaries(progress=say)
    monitoring_binaries(progress=say)
    if "e" in options.only:
        sloth(say)

    def run(part: str, measure: Callable[[], list[Figure]]) -> None:
        say(f"part ({part}) begins")
        try:
            figures.extend(measure())
        except Exception:
            failed.append(part)
            say(f"part ({part}) could not run:\n{traceback.format_exc()}")

    if set(options.only) & set(IN_SCENE):
        with Scene(say) as scene:
            for part in [part for part in IN_SCENE if part in options.only]:
                run(part, partial(IN_SCENE[part], scene, quick=options.quick))
    for part in [part for part in ALONE if part in options.only]:
        run(part, partial(ALONE[part], say, quick=options.quick))
    figures.sort(key=lambda figure: figure.part)
    report(figures, failed, options, time.monotonic() - began)
    return 1 if failed else 0


def narrator(began: float) -> Progress:
    """Prints each line with the seconds since the start."""
    return lambda text: print(f"{time.monotonic() - began:6.1f} s  {text}", flush=True)


def report(figures: list[Figure], failed: list[str], options: argparse.Namespace, seconds: float) -> None:
    """Print the table, what the missed goals are made of, and write the file."""
    print(f"\n{table(figures)}\n")
    for figure in figures:
        if figure.verdict == "not met":
            print(f"not met: ({figure.part}) {figure.what}: {figure.note}")
    path = options.json or cache_folder() / "bench.json"
    content: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": options.quick,
        "seconds": round(seconds, 1),
        "loadAverage": os.getloadavg(),
        "failed": failed,
        "figures": [figure.as_json() for figure in figures],
    }
    path.write_text(json.dumps(content, indent=2) + "\n")
    print(f"{seconds:.0f} s; all figures: {path}")
    if failed:
        print(f"could not run: {', '.join(failed)}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
