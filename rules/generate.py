"""Specifications into rule groups: recordings first, then the alerts on them, in one ordered group each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from rules import names
from rules.durations import format_duration
from rules.specification import BurnWindow, Objective, RawRule, Specification
from rules.windows import decimal_text, detection_time, threshold


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording rule."""

    record: str
    expression: str
    labels: dict[str, str]


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alerting rule."""

    alert: str
    expression: str
    hold: timedelta
    labels: dict[str, str]
    annotations: dict[str, str]


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules that are evaluated one after the other."""

    name: str
    namespace: str
    rules: tuple[Recording | AlertRule, ...]


def generate(specification: Specification) -> RuleGroup:
    """The rules of one specification."""
    workload = specification.workload
    if isinstance(specification, RawRule):
        rules: tuple[Recording | AlertRule, ...] = (_raw_alert(specification),)
    else:
        rules = (*_recordings(specification), *(_burn_alert(specification, w) for w in specification.windows))
    return RuleGroup(f"slo-{workload.namespace}-{specification.name}", workload.namespace, rules)


def _identity(specification: Specification) -> dict[str, str]:
    return {**specification.workload.labels(), names.SLO_LABEL: specification.name}


def error_ratio(objective: Objective, window: str) -> str:
    """The SLI: the share of events that failed. No error series yet counts as none; without events there is no SLI."""
    errors, total = _query(objective.errors, window), _query(objective.total, window)
    return f"(sum({errors}) or 0 * sum({total})) / (sum({total}) > 0)"


def _query(query: str, window: str) -> str:
    return query.replace(names.WINDOW_PLACEHOLDER, window)


def _recordings(objective: Objective) -> list[Recording]:
    windows = sorted({length for window in objective.windows for length in (window.short, window.long)})
    labels = _identity(objective)
    ratios = [
        Recording(
            names.ERROR_RATIO_RECORD + format_duration(window), error_ratio(objective, format_duration(window)), labels
        )
        for window in windows
    ]
    target = Recording(names.OBJECTIVE_RECORD, f"vector({decimal_text(objective.objective)})", labels)
    return [*ratios, target]


def _burn_alert(objective: Objective, window: BurnWindow) -> AlertRule:
    long, short = format_duration(window.long), format_duration(window.short)
    limit = decimal_text(threshold(window, objective.budget))
    selector = ",".join(f'{key}="{value}"' for key, value in _identity(objective).items())
    expression = " and ".join(f"{names.ERROR_RATIO_RECORD}{length}{{{selector}}} > {limit}" for length in (long, short))
    labels = {
        **_identity(objective),
        names.SERVICE_LABEL: objective.service,
        names.SEVERITY_LABEL: window.severity,
        names.WINDOW_LABEL: long,
    }
    if window.undo:
        labels[names.UNDO_LABEL] = names.UNDO_VALUE
        seconds = decimal_text(Fraction(window.long // timedelta(milliseconds=1), 1000))
        failed = f"sum({_query(objective.errors, long)}) * {seconds}"
        expression += f" and on() {failed} >= {objective.minimum_errors}"
    worst = detection_time(window, objective.budget)
    return AlertRule(
        names.BURN_ALERT,
        expression,
        window.hold,
        labels,
        {
            "summary": f"{objective.service}: the error budget of {objective.name} burns "
            f"{decimal_text(window.factor)} times too fast",
            "description": f"{{{{ $value | humanizePercentage }}}} of the events failed over {long}; the objective "
            f"allows {decimal_text(objective.budget * 100)} %, and the alert fires above "
            f"{decimal_text(threshold(window, objective.budget) * 100)} % over {long} and {short}.",
            "detection": f"A complete failure is found after {format_duration(_milliseconds(worst))} at the soonest.",
            names.SLI_ANNOTATION: error_ratio(objective, short),
        },
    )


def _milliseconds(duration: timedelta) -> timedelta:
    return timedelta(milliseconds=max(1, round(duration / timedelta(milliseconds=1))))


def _raw_alert(rule: RawRule) -> AlertRule:
    return AlertRule(
        "".join(part.capitalize() for part in re.split(r"[-.]", rule.name)),
        rule.expression.strip(),
        rule.hold,
        {
            **_identity(rule),
            names.SERVICE_LABEL: rule.service,
            names.SEVERITY_LABEL: "page",
            names.UNDO_LABEL: names.UNDO_VALUE,
        },
        {
            "summary": f"{rule.service}: the deployer's rule {rule.name} holds",
            "description": "The value is {{ $value }}.",
        },
    )
