"""What a proof found, as rows of a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from rules.durations import format_duration
from rules.proof.plan import QUIET_KINDS
from rules.proof.proof import Proven
from rules.proof.verdict import Outcome
from rules.spoken import measured_duration, short_number

BURN_HEADINGS = ("SLO", "ALERT", "FACTOR", "JUST UNDER", "JUST OVER", "OUTAGE", "CLEARED")
QUIET_HEADINGS = ("SLO", *(kind.upper() for kind in QUIET_KINDS))


def burn_rows(proven: Iterable[Proven]) -> list[tuple[str, ...]]:
    """A row per window: quiet just under the factor, and after how long it fired and cleared, of at most how long."""
    rows: list[tuple[str, ...]] = []
    for one in proven:
        for window, kinds in one.burns.items():
            alert = f"{window.severity} {format_duration(window.long)}/{format_duration(window.short)}"
            cells = (_quiet(kinds["just under"]), _fired(kinds["just over"]), _fired(kinds["outage"]))
            rows.append((one.specification.name, alert, short_number(window.factor), *cells, _cleared(kinds["outage"])))
    return rows


def quiet_rows(proven: Iterable[Proven]) -> list[tuple[str, ...]]:
    """A row per specification: whether nothing fired, or undid, where nothing may; `-` where that can't happen."""
    return [
        (one.specification.name, *(_quiet(one.quiet[kind]) if kind in one.quiet else "-" for kind in QUIET_KINDS))
        for one in proven
        if one.outcomes
    ]


def as_json(one: Proven) -> dict[str, Any]:
    """One specification's proof; times in seconds."""
    return {
        "slo": one.specification.name,
        "service": one.specification.service,
        "namespace": one.specification.namespace,
        "verdict": one.verdict,
        "not_testable": one.untestable or None,
        "problems": one.problems,
        "alerts": [
            {
                "severity": window.severity,
                "long_window_seconds": _seconds(window.long),
                "short_window_seconds": _seconds(window.short),
                "factor": float(window.factor),
                "may_undo": one.specification.may_undo(window),
                "burns": {kind: _burn(found) for kind, found in kinds.items()},
            }
            for window, kinds in one.burns.items()
        ],
        "quiet": {kind: not found.problems for kind, found in one.quiet.items()},
    }


def _burn(found: Outcome) -> dict[str, Any]:
    fires = found.case.fires
    return {
        "error_ratio": float(found.case.ratio or 0),
        "fired_after_seconds": _seconds(found.fired_after),
        "fires_after_at_most_seconds": _seconds(fires.latest) if fires else None,
        "cleared_after_seconds": _seconds(found.cleared_after),
        "clears_after_at_most_seconds": _seconds(fires.clears_within) if fires else None,
        "kept": not found.problems,
    }


def _quiet(found: Outcome) -> str:
    return "FAILED" if found.problems else "quiet"


def _fired(found: Outcome) -> str:
    if found.case.fires is None or found.fired_after is None:
        return "FAILED"
    failed = " FAILED" if found.problems else ""
    return f"{measured_duration(found.fired_after)} of {measured_duration(found.case.fires.latest)}{failed}"


def _cleared(found: Outcome) -> str:
    if found.case.fires is None or found.cleared_after is None:
        return "-"
    return f"{measured_duration(found.cleared_after)} of {measured_duration(found.case.fires.clears_within)}"


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()
