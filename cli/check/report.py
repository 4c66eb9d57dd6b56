"""A check as lines for people, or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cli.check.finding import Finding, Severity
from cli.check.firing import Firings
from cli.table import printable, table
from receiver.timestamps import format_time
from rules.durations import format_duration
from rules.names import SEVERITY_LABEL, WINDOW_LABEL

HEADINGS = ("ALERT", "OF", "MAY UNDO", "FIRED", "LONGEST", "ALTOGETHER")


@dataclass(frozen=True, slots=True)
class Check:
    """Everything that a check has found. `firings` are of the time between `start` and `end`, None without data."""

    alerts: int
    findings: Sequence[Finding]
    firings: Sequence[Firings] | None = None
    start: datetime | None = None
    end: datetime | None = None

    def number(self, severity: Severity) -> int:
        """How many findings there are of a severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def fails(self, *, strict: bool) -> bool:
        """Whether the rules should not be used; `strict` takes warnings for errors."""
        return any(strict or finding.severity is Severity.ERROR for finding in self.findings)


def as_json(check: Check) -> dict[str, Any]:
    """The check for machines; durations in seconds."""
    found: dict[str, Any] = {
        "alerts": check.alerts,
        "errors": check.number(Severity.ERROR),
        "warnings": check.number(Severity.WARNING),
        "findings": [
            {"severity": str(f.severity), "check": f.check, "where": f.where, "message": f.message}
            for f in check.findings
        ],
    }
    if check.firings is not None and check.start and check.end:
        found |= {
            "start": format_time(check.start),
            "end": format_time(check.end),
            "firings": [_firings(one) for one in check.firings],
        }
    return found


def as_lines(check: Check) -> list[str]:
    """The check for people."""
    blocks = [[printable(finding) for finding in check.findings]]
    blocks.append(table([HEADINGS, *map(_row, check.firings)]) if check.firings else [])
    return [*(line for block in blocks if block for line in (*block, "")), summary(check)]


def summary(check: Check) -> str:
    """One line."""
    counts = [
        f"{number} {word}{'' if number == 1 else 's'}"
        for number, word in (
            (check.alerts, "alert"),
            (check.number(Severity.ERROR), "error"),
            (check.number(Severity.WARNING), "warning"),
        )
    ]
    return ", ".join(counts)


def _firings(one: Firings) -> dict[str, Any]:
    return {
        "alert": one.alert.rule.alert,
        "group": one.alert.group,
        "labels": one.alert.rule.labels,
        "mayUndo": one.alert.may_undo,
        "times": one.times,
        "longestSeconds": one.longest.total_seconds(),
        "totalSeconds": one.total.total_seconds(),
    }


def _row(one: Firings) -> tuple[str, ...]:
    labels = one.alert.rule.labels
    which = ", ".join(labels[name] for name in (SEVERITY_LABEL, WINDOW_LABEL) if labels.get(name))
    return (
        f"{one.alert.rule.alert} ({which})" if which else one.alert.rule.alert,
        one.alert.group,
        "yes" if one.alert.may_undo else "no",
        str(one.times),
        _duration(one.longest),
        _duration(one.total),
    )


def _duration(duration: timedelta) -> str:
    return format_duration(duration) if duration else "-"
