"""A replay as a table for people, or as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cli.replay.simulation import LOOKS, Judgement, Outcome
from cli.replay.timeline import Timeline
from cli.table import printable, table
from receiver.decision.case import iso
from receiver.decision.values import WorkloadRef
from receiver.rollbacks.evidence_record import evidence_spec
from receiver.timestamps import format_time
from rules.durations import format_duration

HEADINGS = ("TIME", "WORKLOAD", "ALERT", "OUTCOME", "REASON", "DETAIL")


@dataclass(frozen=True, slots=True)
class Replay:
    """Everything that a replay has found. `unseen` are alerts that were firing when it began; `notes` are problems."""

    since: datetime
    until: datetime
    step: timedelta
    judgements: Sequence[Judgement]
    fired: int
    unseen: int
    timelines: Sequence[Timeline]
    notes: Sequence[str]


def assumptions(replay: Replay) -> list[str]:
    """What the recorded data do not tell, and is taken for granted."""
    looks = ", ".join(format_duration(look) for look in LOOKS[1:])
    found = [
        f"Rules are evaluated every {format_duration(replay.step)} where their group does not say it, alerts are "
        f"delivered at once; an active alert is judged again {looks} after it fired and after each rollout.",
        "Every workload is opted in as enabled, without annotations, and was so all the time; none is paused, or owned "
        "by Argo CD, Flux or another controller; the stop switch says run, and nothing is silenced.",
        "What a target needs (ConfigMaps, Secrets, claims) is there as it was: it is not looked for.",
        "An undo succeeds at once, and the data go on as they were recorded: a later alert about the same revision is "
        "a duplicate.",
        "Faults are wide only by alerts of these rules. Revisions are numbered from the first that the data show.",
    ]
    for source, timelines in _by_source(replay.timelines).items():
        names = ", ".join(_workload(timeline.ref) for timeline in timelines[:10])
        more = f" and {len(timelines) - 10} more" if len(timelines) > 10 else ""
        found.append(f"Rollouts by {source}: {names}{more}.")
    return found


def as_json(replay: Replay) -> dict[str, Any]:
    """The replay for machines. Times are RFC 3339."""
    return {
        "since": format_time(replay.since),
        "until": format_time(replay.until),
        "step": format_duration(replay.step),
        "decisions": [_decision(judgement) for judgement in replay.judgements],
        "summary": {
            "fired": replay.fired,
            "firingBefore": replay.unseen,
            **{str(outcome): _counts(replay.judgements)[outcome] for outcome in Outcome},
        },
        "assumptions": assumptions(replay),
        "notes": list(replay.notes),
    }


def as_lines(replay: Replay) -> list[str]:
    """The replay for people."""
    rows = [_row(judgement) for judgement in replay.judgements]
    lines = [*table([HEADINGS, *rows]), ""] if rows else []
    lines.append(summary(replay))
    lines += ["", "Assumed:", *(f"- {printable(text)}" for text in assumptions(replay))]
    if replay.notes:
        lines += ["", "Notes:", *(f"- {printable(text)}" for text in replay.notes)]
    return lines


def summary(replay: Replay) -> str:
    """One line: how many alerts fired, and what became of them."""
    counts = _counts(replay.judgements)
    told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
    before = f" {replay.unseen} fired already when it began, and were not judged." if replay.unseen else ""
    alerts = "1 alert that asks" if replay.fired == 1 else f"{replay.fired} alerts that ask"
    return (
        f"From {iso(replay.since)} to {iso(replay.until)}, {alerts} for an undo fired; "
        f"decisions: {told or 'none'}.{before}"
    )


def _decision(judgement: Judgement) -> dict[str, Any]:
    ref = judgement.workload
    workload = {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name} if ref else None
    evidence = {"evidence": evidence_spec(judgement.evidence)} if judgement.evidence else {}
    return {
        "time": format_time(judgement.at),
        "workload": workload,
        "alert": judgement.alert.name,
        "labels": dict(judgement.alert.labels),
        "startsAt": format_time(judgement.alert.starts_at),
        "outcome": str(judgement.outcome),
        "reason": judgement.reason or None,
        "detail": judgement.detail,
        "rollback": judgement.rollback or None,
        **evidence,
    }


def _row(judgement: Judgement) -> tuple[str, ...]:
    return (
        iso(judgement.at),
        _workload(judgement.workload) if judgement.workload else "-",
        judgement.alert.name or "-",
        str(judgement.outcome),
        judgement.reason or "-",
        judgement.detail,
    )


def _workload(ref: WorkloadRef) -> str:
    return f"{ref.namespace}/{ref.kind.lower()}/{ref.name}"


def _counts(judgements: Iterable[Judgement]) -> Counter[Outcome]:
    return Counter(judgement.outcome for judgement in judgements)


def _by_source(timelines: Iterable[Timeline]) -> dict[str, list[Timeline]]:
    found: dict[str, list[Timeline]] = {}
    for timeline in timelines:
        found.setdefault(timeline.source, []).append(timeline)
    return found
