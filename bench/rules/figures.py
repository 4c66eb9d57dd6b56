"""(e) Our rules beside those that sloth makes of the same objectives: made, and evaluated."""

from __future__ import annotations

import shutil

from bench.figures import Figure, Goal, shown
from bench.rules.cost import SCRAPE_INTERVAL, Cost, costs
from bench.rules.sloth import sloth
from bench.rules.speed import speeds
from sandbox.cache import Progress, run_folder
from sandbox.debian import monitoring_binaries

MADE, QUICK_MADE = 1000, 100
REPETITIONS, QUICK_REPETITIONS = 5, 2
EVALUATED, QUICK_EVALUATED = 200, 20
MOST_SECONDS = 2.0
DOMINATING = 4
"""So many rules are named as those that cost most."""


def measure(progress: Progress, *, quick: bool) -> list[Figure]:
    """Make the rules of many objectives, then evaluate those of fewer in one Prometheus."""
    folder = run_folder("bench-cost")
    program, binaries = sloth(progress), monitoring_binaries(progress=progress)
    try:
        made, repetitions = (QUICK_MADE, QUICK_REPETITIONS) if quick else (MADE, REPETITIONS)
        speed = speeds(made, repetitions, program, folder, progress)
        evaluated = QUICK_EVALUATED if quick else EVALUATED
        cost = costs(evaluated, binaries, program, folder, progress)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    theirs, ours = speed["sloth"], speed["metricops"]
    clocks = f"by the clock: sloth {shown(theirs.clock)} s, ours {shown(ours.clock)} s"
    processor = f"of processor time: sloth {shown(theirs.processor)} s, ours {shown(ours.processor)} s"
    return [
        Figure("e", f"rules of {made:,} objectives made", ours.clock, "s", Goal(MOST_SECONDS), clocks),
        Figure(
            "e",
            f"rules of {made:,} objectives made, of sloth's processor time",
            ours.processor / theirs.processor,
            goal=Goal(1.0),
            note=f"{processor}; {clocks}",
        ),
        *_of_costs(cost["sloth"], cost["metricops"], evaluated),
    ]


def _of_costs(theirs: Cost, ours: Cost, evaluated: int) -> list[Figure]:
    where = f"{evaluated} objectives, every {SCRAPE_INTERVAL} s"
    apart = {objective for objective, _ in theirs.firing ^ ours.firing}
    details = {"sloth": _by_rule(theirs), "metricops": _by_rule(ours)}
    return [
        Figure(
            "e",
            "recording rules per objective",
            ours.recordings,
            goal=Goal(theirs.recordings),
            note=_beside(theirs.recordings),
        ),
        Figure("e", "alerting rules per objective", ours.alerts, note=_beside(theirs.alerts)),
        Figure("e", "series per objective", ours.series, goal=Goal(theirs.series), note=_beside(theirs.series)),
        Figure(
            "e",
            f"evaluation time of {where}, of sloth's",
            ours.seconds / theirs.seconds,
            goal=Goal(1.0),
            note=f"in ms per objective and minute: sloth {shown(1000 * theirs.seconds)}, "
            f"ours {shown(1000 * ours.seconds)}, of which {_dominating(ours, 0, 'ms')}",
            details=details,
        ),
        Figure(
            "e",
            f"samples read for {where}, of sloth's",
            ours.samples / theirs.samples,
            goal=Goal(1.0),
            note=f"per objective and minute: sloth {shown(theirs.samples)}, "
            f"ours {shown(ours.samples)}, of which {_dominating(ours, 1, 'samples')}",
        ),
        Figure(
            "e",
            "objectives whose page or ticket fires on one side only",
            len(apart),
            goal=Goal(0),
            note=f"{len(ours.firing)} alerts fire on both sides" if not apart else ", ".join(sorted(apart)),
        ),
    ]


def _beside(value: float) -> str:
    return f"sloth {shown(round(value, 2))}"


def _dominating(cost: Cost, what: int, unit: str) -> str:
    most = sorted(cost.by_rule.items(), key=lambda item: -item[1][what])[:DOMINATING]
    return ", ".join(f"{name} {shown(values[what])} {unit}" for name, values in most)


def _by_rule(cost: Cost) -> dict[str, dict[str, float]]:
    return {
        name: {"milliseconds": round(milliseconds, 4), "samples": round(samples, 1)}
        for name, (milliseconds, samples) in cost.by_rule.items()
    }
