"""The alerts of an objective: fast and slow burns for people, and the one that may undo."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from rules import names
from rules.durations import format_duration
from rules.group import AlertRule
from rules.names import WINDOW_PLACEHOLDER
from rules.queries import Queries
from rules.recordings import Recordings
from rules.specification import DeployerRule, ErrorBudget, ForPeople, PerWorkload, Specification, WorkloadTarget
from rules.windows import BurnWindow, in_seconds, number_text


def burn_alert(
    specification: Specification, budget: ErrorBudget, queries: Queries, recordings: Recordings, window: BurnWindow
) -> AlertRule:
    """The alert of one pair of windows (Site Reliability Workbook, chapter 5).

    The workload's last resort goes on while the short window has no events, if enough have failed in the long one.
    """
    long = format_duration(window.long)
    texts = specification.texts(window.severity)
    labels = {
        **identity(specification),
        names.SEVERITY_LABEL: window.severity,
        **dict(texts.labels),
        # Alerts of one severity can fire at the same time: without this they would be one alert to Alertmanager.
        names.WINDOW_LABEL: long,
    }
    numbers = _numbers(window, budget.objective)
    # The first condition's value is what people read: how many times as often as allowed.
    conditions = [f"{recordings.ratio(window.long)} {numbers.above}"]
    if window.short != window.long:
        conditions.append(f"{recordings.ratio(window.short)} > {numbers.limit}")
    # Rates of many pods don't add up to whole numbers.
    seconds = number_text(in_seconds(window.long))
    enough = f"round({recordings.errors(window.long)} * {seconds}) >= {budget.minimum_errors}"
    if window == specification.last_resort:
        conditions[-1] = f"({conditions[-1]} or ({enough} unless {recordings.had_events(window.short)}))"
    annotations = _annotations(specification, budget, window, numbers)
    if specification.may_undo(window):
        labels[names.UNDO_LABEL] = names.UNDO_VALUE
        if budget.minimum_errors:
            conditions.append(enough)
        annotations |= _evidence(queries, window, numbers)
    return AlertRule(
        specification.alert or names.BURN_ALERT,
        "\nand\n".join(conditions),
        window.hold,
        labels,
        {**annotations, **dict(texts.annotations)},
    )


def absent_alert(specification: Specification, recordings: Recordings, hold: timedelta) -> AlertRule:
    """The alert that nothing is known any more: for people only, because silence blames no release."""
    texts = specification.ticket
    return AlertRule(
        names.ABSENT_ALERT,
        f"absent({recordings.presence})",
        hold,
        {**identity(specification), names.SEVERITY_LABEL: "ticket", **dict(texts.labels)},
        {
            "summary": f"Nothing is known of {specification.name}.",
            "description": (
                f"The series that {specification.name} of {specification.service} is reckoned from have been gone for "
                f"{format_duration(hold)}: no alert of it can fire."
            ),
            **_links(specification),
            **dict(texts.annotations),
        },
    )


def deployer_alert(specification: Specification, rule: DeployerRule) -> AlertRule:
    """The alert of the deployer's own rule, word for word."""
    undo = rule.undo and not isinstance(specification.subject, ForPeople)
    return AlertRule(
        specification.alert or names.RULE_ALERT,
        rule.expression,
        rule.hold,
        {
            **identity(specification),
            names.SEVERITY_LABEL: "page",
            **dict(specification.page.labels),
            **_of_each_series(specification),
            **({names.UNDO_LABEL: names.UNDO_VALUE} if undo else {}),
        },
        {
            "summary": f"{_whom(specification)} breaks its deployer's rule {specification.name}.",
            "description": _described(
                specification, template_text(f"For {specification.service}, this gives a value: {rule.expression}")
            ),
            **_links(specification),
            **dict(specification.page.annotations),
        },
    )


def _of_each_series(specification: Specification) -> dict[str, str]:
    """The workload's labels where the series of a rule have them by other names: the same as long as a series is."""
    subject = specification.subject
    if not isinstance(subject, PerWorkload):
        return {}
    places = ((names.NAMESPACE_LABEL, subject.namespace_from), (subject.label, subject.name_from))
    return {wanted: f"{{{{ $labels.{given} }}}}" for wanted, given in places if wanted != given}


def identity(specification: Specification) -> dict[str, str]:
    """The labels that tell the specification's series and alerts from all others."""
    subject, judge = specification.subject, specification.judge
    # A label that tells series apart would be the same for all of them, and the rule would give one series twice.
    apart = judge.grouping if isinstance(judge, ErrorBudget) else ()
    return {
        **(subject.labels if isinstance(subject, WorkloadTarget) else {}),
        names.SLO_LABEL: specification.name,
        **({} if names.SERVICE_LABEL in apart else {names.SERVICE_LABEL: specification.service}),
        **dict(specification.series_labels),
    }


def template_text(text: str) -> str:
    """Text for an annotation: Prometheus expands annotations as Go templates, so `{{` has to be quoted."""
    return text.replace("{{", '{{ "{{" }}')


class _Numbers(NamedTuple):
    """What an alert says of its window and its objective. `outage` is empty where a whole outage is not noticed."""

    above: str
    objective: str
    factor: str
    threshold: str
    limit: str
    outage: str


@lru_cache(maxsize=256)
def _numbers(window: BurnWindow, objective: Fraction) -> _Numbers:
    # Exact arithmetic takes its time, and a thousand objectives have a few windows and percentages.
    budget = 1 - objective
    threshold, outage = window.threshold(budget), window.detection_time(budget, Fraction(1))
    return _Numbers(
        f"/ {number_text(budget)} > {number_text(window.factor)}",
        _percent(objective),
        _short(window.factor),
        _percent(threshold),
        number_text(threshold),
        format_duration(outage) if outage is not None else "",
    )


def _annotations(
    specification: Specification, budget: ErrorBudget, window: BurnWindow, numbers: _Numbers
) -> dict[str, str]:
    objective = f"{numbers.objective} over {format_duration(budget.period)}"
    return {
        "summary": f"{_whom(specification)} burns the error budget of {specification.name}.",
        "description": _described(
            specification,
            f'Over {format_duration(window.long)}, errors came {{{{ $value | printf "%.1f" }}}} times as often as the '
            f"objective of {specification.service}, {objective}, allows; the alert fires above "
            f"{numbers.factor} times, that is an error ratio of {numbers.threshold}.",
        ),
        **_links(specification),
        names.WORST_DETECTION_ANNOTATION: format_duration(window.worst_detection_time),
        **({names.OUTAGE_DETECTION_ANNOTATION: numbers.outage} if numbers.outage else {}),
        names.WORST_RESET_ANNOTATION: format_duration(window.short),
    }


def _evidence(queries: Queries, window: BurnWindow, numbers: _Numbers) -> dict[str, str]:
    """What the receiver asks with before it believes that a release is to blame."""
    errors = queries.all_errors()
    counted = {names.ERRORS_ANNOTATION: errors, names.EVENTS_ANNOTATION: queries.all_events()} if errors else {}
    return {
        names.LIMIT_ANNOTATION: numbers.limit,
        names.SHORT_WINDOW_ANNOTATION: format_duration(window.short),
        names.SLI_ANNOTATION: template_text(queries.ratio(WINDOW_PLACEHOLDER)),
        **{name: template_text(text) for name, text in counted.items()},
    }


def _described(specification: Specification, text: str) -> str:
    return f"{template_text(specification.description)}\n{text}" if specification.description else text


def _links(specification: Specification) -> dict[str, str]:
    links = {"runbook_url": specification.runbook, "dashboard_url": specification.dashboard}
    return {name: template_text(link) for name, link in links.items() if link}


def _whom(specification: Specification) -> str:
    subject = specification.subject
    if isinstance(subject, WorkloadTarget):
        return str(subject)
    if isinstance(subject, PerWorkload):
        kind = names.KIND_BY_LABEL[subject.label]
        return f"{kind} {{{{ $labels.{names.NAMESPACE_LABEL} }}}}/{{{{ $labels.{subject.label} }}}}"
    return specification.service


def _percent(ratio: Fraction) -> str:
    return f"{_short(ratio * 100)} %"


def _short(number: Fraction) -> str:
    return f"{float(number):.10g}"
