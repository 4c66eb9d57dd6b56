"""Specifications into rule groups: recordings first, then the alerts on them, in one ordered group each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from rules import names
from rules.durations import format_duration
from rules.names import WINDOW_PLACEHOLDER
from rules.specification import DeployerRule, ErrorBudget, Specification
from rules.windows import BurnWindow, in_seconds, number_text


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording rule."""

    record: str
    expression: str
    labels: dict[str, str]


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alerting rule that fires once its expression has given something for `hold`."""

    alert: str
    expression: str
    hold: timedelta
    labels: dict[str, str]
    annotations: dict[str, str]


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """The rules of one specification, which are evaluated one after the other. `labels` are the object's."""

    name: str
    namespace: str
    labels: dict[str, str]
    rules: tuple[Recording | AlertRule, ...]


def generate(specification: Specification) -> RuleGroup:
    """The rules of one specification; the same specification always gives the same rules."""
    judge = specification.judge
    rules: tuple[Recording | AlertRule, ...]
    if isinstance(judge, DeployerRule):
        rules = (_deployer_alert(specification, judge),)
    else:
        alerts = (_burn_alert(specification, judge, window) for window in judge.windows)
        rules = (*_recordings(specification, judge), *alerts)
    return RuleGroup(specification.name, specification.workload.namespace, dict(specification.labels), rules)


def errors_per_second(budget: ErrorBudget, window: str) -> str:
    """Failed events per second, as one series without labels; 0 where there are events but no error series yet."""
    return f"(sum({_over(budget.errors, window)}) or 0 * {_events_per_second(budget, window)})"


def error_ratio(budget: ErrorBudget, window: str) -> str:
    """The SLI: the share of events that failed, as one series without labels; nothing where there are no events."""
    return _ratio(errors_per_second(budget, window), budget, window)


def _events_per_second(budget: ErrorBudget, window: str) -> str:
    return f"sum({_over(budget.total, window)})"


def _ratio(errors: str, budget: ErrorBudget, window: str) -> str:
    # Without events, 0/0 is NaN, which poisons long windows, and 1/0 is +Inf, which fires.
    return f"{errors} / ({_events_per_second(budget, window)} > 0)"


def _over(query: str, window: str) -> str:
    return query.replace(WINDOW_PLACEHOLDER, window)


def _identity(specification: Specification) -> dict[str, str]:
    return {**specification.workload.labels, names.SLO_LABEL: specification.name}


def _recorded(record: str, specification: Specification) -> str:
    # Quotes can't occur in these values: they are names of Kubernetes objects.
    matchers = ",".join(f'{label}="{value}"' for label, value in _identity(specification).items())
    return f"{record}{{{matchers}}}"


def _recordings(specification: Specification, budget: ErrorBudget) -> list[Recording]:
    spans = sorted({span for window in budget.windows for span in (window.long, window.short)})
    counted = {window.long for window in budget.windows if window.undo}
    labels = {**_identity(specification), names.SERVICE_LABEL: specification.service}
    recordings = []
    for span in spans:
        window = format_duration(span)
        errors = errors_per_second(budget, window)
        if span in counted:
            recordings.append(Recording(names.ERRORS_RECORD + window, errors, labels))
            errors = _recorded(names.ERRORS_RECORD + window, specification)
            # The recording has labels, the sum of all events has none.
            errors = f"sum({errors})"
        recordings.append(Recording(names.ERROR_RATIO_RECORD + window, _ratio(errors, budget, window), labels))
    now = _recorded(names.ERROR_RATIO_RECORD + format_duration(spans[0]), specification)
    return [
        *recordings,
        Recording(names.BURN_RATE_RECORD, f"{now} / {number_text(budget.budget)}", labels),
        Recording(names.OBJECTIVE_RECORD, f"vector({number_text(budget.objective)})", labels),
    ]


def _burn_alert(specification: Specification, budget: ErrorBudget, window: BurnWindow) -> AlertRule:
    long = format_duration(window.long)
    labels = {
        **_identity(specification),
        names.SERVICE_LABEL: specification.service,
        names.SEVERITY_LABEL: window.severity,
        # Alerts of one severity can fire at the same time: without this they would be one alert to Alertmanager.
        names.WINDOW_LABEL: long,
    }
    above = f"/ {number_text(budget.budget)} > {number_text(window.factor)}"
    conditions = [
        f"{_recorded(names.ERROR_RATIO_RECORD + format_duration(span), specification)} {above}"
        for span in (window.long, window.short)
    ]
    if window.undo:
        labels[names.UNDO_LABEL] = names.UNDO_VALUE
        errors = _recorded(names.ERRORS_RECORD + long, specification)
        conditions.append(f"{errors} * {number_text(in_seconds(window.long))} >= {budget.minimum_errors}")
    objective = f"{_percent(budget.objective)} over {format_duration(budget.period)}"
    annotations = {
        "summary": f"{specification.workload} burns the error budget of {specification.name}.",
        "description": (
            f'Over {long}, errors came {{{{ $value | printf "%.1f" }}}} times as often as the objective of '
            f"{specification.service}, {objective}, allows; the alert fires above "
            f"{_short(window.factor)} times, that is an error ratio of {_percent(window.threshold(budget.budget))}."
        ),
        names.WORST_DETECTION_ANNOTATION: format_duration(window.worst_detection_time),
    }
    outage = window.detection_time(budget.budget, Fraction(1))
    if outage is not None:
        annotations[names.OUTAGE_DETECTION_ANNOTATION] = format_duration(outage)
    annotations[names.LIMIT_ANNOTATION] = number_text(window.threshold(budget.budget))
    annotations[names.SHORT_WINDOW_ANNOTATION] = format_duration(window.short)
    annotations[names.SLI_ANNOTATION] = template_text(error_ratio(budget, WINDOW_PLACEHOLDER))
    annotations[names.ERRORS_ANNOTATION] = template_text(budget.errors)
    annotations[names.EVENTS_ANNOTATION] = template_text(budget.total)
    return AlertRule(names.BURN_ALERT, "\nand\n".join(conditions), window.hold, labels, annotations)


def _deployer_alert(specification: Specification, rule: DeployerRule) -> AlertRule:
    return AlertRule(
        names.RULE_ALERT,
        rule.expression,
        rule.hold,
        {
            **_identity(specification),
            names.SERVICE_LABEL: specification.service,
            names.SEVERITY_LABEL: "page",
            names.UNDO_LABEL: names.UNDO_VALUE,
        },
        {
            "summary": f"{specification.workload} breaks its deployer's rule {specification.name}.",
            "description": template_text(f"For {specification.service}, this gives a value: {rule.expression}"),
        },
    )


def template_text(text: str) -> str:
    """Text for an annotation: Prometheus expands annotations as Go templates, so `{{` has to be quoted."""
    return text.replace("{{", '{{ "{{" }}')


def _percent(ratio: Fraction) -> str:
    return f"{_short(ratio * 100)} %"


def _short(number: Fraction) -> str:
    return f"{float(number):.10g}"
