"""What all foreign formats have in common once they are read: an objective, put together into a specification."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction

from rules import names
from rules.fields import Field
from rules.foreign.labels import merged, without_ours
from rules.foreign.undo import able_to_fire, allowed_to_undo
from rules.specification import (
    DEFAULT_MINIMUM_ERRORS,
    AlertTexts,
    ErrorBudget,
    Indicator,
    Labels,
    Specification,
    Subject,
    WorkloadTarget,
)
from rules.windows import BurnWindow

_NOT_GROUPED_BY = (names.SLO_LABEL, names.WINDOW_LABEL, names.SEVERITY_LABEL, names.UNDO_LABEL, "alertname")

NO_TEXTS = AlertTexts()


@dataclass(frozen=True, slots=True)
class Objective:
    """An objective as a foreign document has it. `namespace` and `labels` are those of its object.

    `grouping` are the labels that its series have; `place` is where problems with the whole are noted.
    """

    place: Field
    name: str
    service: str
    subject: Subject
    target: Fraction
    period: timedelta
    indicator: Indicator
    windows: tuple[BurnWindow, ...]
    grouping: tuple[str, ...] = ()
    namespace: str = ""
    labels: Labels = ()
    series_labels: Labels = ()
    alert: str = ""
    page: AlertTexts = NO_TEXTS
    ticket: AlertTexts = NO_TEXTS
    description: str = ""
    absent: timedelta | None = None
    notes: tuple[str, ...] = ()


def specification_of(objective: Objective) -> Specification | None:
    """The specification; None where a problem was noted."""
    workload = objective.subject if isinstance(objective.subject, WorkloadTarget) else None
    ours = {
        **(workload.labels if workload else {}),
        names.SLO_LABEL: objective.name,
        names.SERVICE_LABEL: objective.service,
    }
    fixed = [
        label for label in objective.grouping if label in _NOT_GROUPED_BY or (workload and label in workload.labels)
    ]
    if fixed:
        objective.place.refuse(
            "series that are told apart by other labels",
            f"series for each {' and '.join(fixed)}, which the rules set to one value",
        )
        return None
    texts = {"page": objective.page, "ticket": objective.ticket}
    enabled = [window for window in objective.windows if not texts[window.severity].disabled]
    able, unable = able_to_fire(enabled, 1 - objective.target, objective.place)
    windows, reasons = allowed_to_undo(able, objective.indicator, objective.subject)
    # Labels of series are alerts' labels as well, but an alert's severity is its own.
    severity = tuple(pair for pair in objective.series_labels if pair[0] == names.SEVERITY_LABEL)
    others = tuple(pair for pair in objective.series_labels if pair not in severity)
    of_series, left_out = without_ours(tuple(pair for pair in others if pair[0] not in objective.grouping), ours)
    left_out += [
        f"the label {name}={value!r} is left out: the series have values of their own"
        for name, value in others
        if name in objective.grouping
    ]
    page, ticket = (
        replace(one, labels=without_ours(merged(severity, one.labels), ours)[0])
        for one in (objective.page, objective.ticket)
    )
    left_out += [
        note
        for one in (objective.page, objective.ticket)
        for note in without_ours(one.labels, ours)[1]
        if not one.disabled and note not in left_out
    ]
    return Specification(
        objective.name,
        objective.service,
        objective.subject,
        ErrorBudget(
            objective.target,
            objective.period,
            objective.indicator,
            windows,
            DEFAULT_MINIMUM_ERRORS,
            objective.grouping,
            objective.absent,
        ),
        objective.namespace or (workload.namespace if workload else ""),
        objective.labels,
        of_series,
        objective.alert,
        page,
        ticket,
        objective.description,
        notes=tuple(dict.fromkeys((*objective.notes, *unable, *reasons, *left_out))),
    )
