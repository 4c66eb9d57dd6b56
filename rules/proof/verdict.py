"""What promtool got, against what had to come: each case is kept, broken, or was no test at all."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from rules.proof.cases import PROOF_LABEL, RAN, Case
from rules.spoken import measured_duration as shown

_ANSWER = re.compile(PROOF_LABEL + r'="([^"]+)"[^{}]*\}\s*(?:Value:)?\s*([-+0-9.eE]+|NaN|[-+]?Inf)')
_TOLERANCE = 0.02
"""By how much the queries may miss the wanted error ratio: a rate's ends are extrapolated."""

Answers = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case. Times are after the burn began, or after it ended; None: not so."""

    case: Case
    fired_after: timedelta | None
    cleared_after: timedelta | None
    problems: tuple[str, ...]


class NoAnswer(Exception):  # noqa: N818 - promtool's failure, told by the caller
    """promtool did not run a case to its end."""


class WrongSeries(Exception):  # noqa: N818 - no failure of the rules
    """The series are not what they were meant to be: the case says nothing of the rules."""


def read_answers(output: str) -> dict[str, float]:
    """The values that promtool told, by their marks."""
    return {mark: float(value) for mark, value in _ANSWER.findall(output)}


def outcome(case: Case, mark: str, answers: Answers) -> Outcome:
    """Hold a case's answers against it. Raises `NoAnswer` and `WrongSeries`."""
    if f"{mark}/{RAN}" not in answers:
        raise NoAnswer(mark)
    if case.measured:
        _check_ratio(case, answers.get(f"{mark}/ratio", math.nan))
    onset, burned = case.step * case.onset, case.step * case.burned
    first, last = _time(answers, f"{mark}/alert-first"), _time(answers, f"{mark}/alert-last")
    fired = None if first is None else first - onset
    cleared = None if last is None else last + case.step - burned
    problems = []
    if case.fires is not None:
        problems += _of_burn(case, fired, cleared, answers.get(f"{mark}/alert-count", 0))
    elif fired is not None:
        problems.append(f"expected it never to fire, found it firing {shown(fired)} after the burn began")
    early = _time(answers, f"{mark}/any-first")
    if early is not None and early <= onset:
        problems.append(f"expected nothing to fire on clean traffic, found an alert firing after {shown(early)} of it")
    quiet = _time(answers, f"{mark}/quiet-first")
    if quiet is not None:
        whose = "of another workload that serves cleanly" if case.window else f"on {case.kind}"
        problems.append(f"expected no such alert {whose}, found one firing after {shown(quiet)}")
    return Outcome(case, fired, cleared, tuple(problems))


def _of_burn(case: Case, fired: timedelta | None, cleared: timedelta | None, count: float) -> list[str]:
    fires = case.fires
    assert fires is not None  # noqa: S101 - asked for by the caller
    span = f"expected it to fire between {shown(fires.earliest)} and {shown(fires.latest)} after the burn began"
    if fired is None or cleared is None:
        return [f"{span}, found it never firing"]
    problems = []
    if not fires.earliest <= fired <= fires.latest:
        problems.append(f"{span}, found it firing after {shown(fired)}")
    if cleared > fires.clears_within:
        bound = shown(fires.clears_within)
        still = case.step * (case.end - case.burned) < cleared
        found = "it still firing" if still else f"it firing for {shown(cleared)}"
        problems.append(f"expected it to clear within {bound} after the burn ended, found {found}")
    burning = case.step * (case.burned - case.onset)
    steps = (burning + cleared - fired) // case.step
    if count < steps:
        problems.append(f"expected it to fire at all {steps} steps until it cleared, found it at {count:.0f} of them")
    return problems


def _check_ratio(case: Case, found: float) -> None:
    wanted = float(case.ratio or 0)
    if not abs(found - wanted) <= wanted * _TOLERANCE:
        shown = "nothing" if math.isnan(found) else f"{found:.4g}"
        raise WrongSeries(f"its queries give {shown} on series that were made for an error ratio of {wanted:.4g}")


def _time(answers: Answers, mark: str) -> timedelta | None:
    found = answers.get(mark)
    return None if found is None else timedelta(milliseconds=round(found * 1000))
