"""Our own format (`metricops.dev/v1`, kind `ServiceLevelObjective`): one document into a specification."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from rules.alerting import Judged, read_alerting
from rules.fields import Field, Fields
from rules.identifiers import A_DNS_LABEL, A_LABEL_VALUE, DNS_LABEL, LABEL_VALUE
from rules.indicators import read_indicator
from rules.names import API_VERSION, KIND
from rules.query_fields import read_expression
from rules.specification import (
    AlertTexts,
    DeployerRule,
    ErrorBudget,
    ForPeople,
    Labels,
    Specification,
    Subject,
    WorkloadTarget,
)
from rules.subjects import FOR_PEOPLE_NOTE, check_carried, read_subject
from rules.syntax import absence, parse_query
from rules.texts import read_annotations, read_link, read_series_labels
from rules.windows import NO_TIME

_METADATA = ("name", "namespace", "labels", "annotations")
_ALWAYS = ("service", "description", "workload", "labels", "annotations", "runbook", "dashboard")
_BUDGET = ("objective", "window", "indicator", "alerting")


def read_objective(document: Field) -> list[tuple[Specification, Field]]:
    """The specification of a document and the field that names it; none where anything is wrong."""
    root = document.mapping(("apiVersion", "kind", "metadata", "spec"))
    if root is None:
        return []
    root.required("apiVersion", API_VERSION, lambda field: field.one_of((API_VERSION,)))
    root.required("kind", KIND, lambda field: field.one_of((KIND,)))
    metadata = root.required("metadata", "a mapping with a name", lambda field: field.mapping(_METADATA))
    spec = root.required("spec", "a mapping", lambda field: field.mapping((*_ALWAYS, *_BUDGET, "rule")))
    placed = _read_metadata(metadata) if metadata else None
    found = _read_spec(spec) if spec else None
    if placed is None or found is None or metadata is None:
        return []
    named = replace(found, name=placed.name, labels=placed.labels)
    namespace = _namespace_of(named, metadata, placed.namespace)
    name_field = metadata.get("name")
    if namespace is None or name_field is None:
        return []
    return [(replace(named, namespace=namespace), name_field)]


class _Metadata(NamedTuple):
    name: str
    namespace: str
    labels: Labels


def _read_metadata(metadata: Fields) -> _Metadata | None:
    name = metadata.required("name", "a name", _read_dns_label)
    namespace = metadata.optional("namespace", _read_dns_label, "")
    nothing: dict[str, str] = {}
    labels = metadata.optional("labels", Field.texts, nothing)
    metadata.optional("annotations", Field.texts, nothing)  # Other tools'.
    if name is None or namespace is None or labels is None:
        return None
    return _Metadata(name, namespace, tuple(labels.items()))


def _namespace_of(found: Specification, metadata: Fields, own: str) -> str | None:
    """Where the rules belong. Whoever may write into one namespace must not blame a workload of another."""
    subject = found.subject
    field = metadata.get("namespace")
    if not isinstance(subject, WorkloadTarget) or field is None:
        return subject.namespace if isinstance(subject, WorkloadTarget) else own
    if own != subject.namespace:
        field.refuse(f"the workload's namespace, {subject.namespace}")
        return None
    return own


def _read_spec(spec: Fields) -> Specification | None:
    """All but what the metadata say."""
    service = spec.required("service", "the service's name", _read_service)
    subject = read_subject(spec)
    labels, annotations = read_series_labels(spec), read_annotations(spec)
    description = spec.optional("description", Field.text, "")
    runbook, dashboard = (spec.optional(name, read_link, "") for name in ("runbook", "dashboard"))
    is_rule = "rule" in spec
    alerting = None if is_rule else _read_budget(spec, subject, annotations or ())
    rule = _read_rule(spec, subject) if is_rule else None
    judge = rule or (alerting.judge if alerting else None)
    if service is None or subject is None or labels is None or annotations is None or judge is None:
        return None
    if description is None or runbook is None or dashboard is None:
        return None
    return Specification(
        name="",
        service=service,
        subject=subject,
        judge=judge,
        series_labels=labels,
        page=alerting.page if alerting else AlertTexts(annotations=annotations),
        ticket=alerting.ticket if alerting else AlertTexts(annotations=annotations),
        description=description.strip(),
        runbook=runbook,
        dashboard=dashboard,
        notes=(*((FOR_PEOPLE_NOTE,) if isinstance(subject, ForPeople) else ()), *(alerting.notes if alerting else ())),
    )


def _read_dns_label(field: Field) -> str | None:
    return field.matching(DNS_LABEL, A_DNS_LABEL)


def _read_service(field: Field) -> str | None:
    return field.matching(LABEL_VALUE, A_LABEL_VALUE)


def _read_rule(spec: Fields, subject: Subject | None) -> DeployerRule | None:
    for name in _BUDGET:
        other = spec.get(name)
        if other is not None:
            other.refuse("either rule, or objective, window and indicator", f"{name} beside rule")
    fields = spec.required("rule", "a mapping", lambda field: field.mapping(("expr", "for", "undo")))
    if fields is None:
        return None
    expression = fields.required("expr", "a PromQL expression", read_expression)
    hold = fields.optional("for", lambda field: field.duration(least=NO_TIME), NO_TIME)
    undo = fields.optional("undo", Field.boolean, True)
    if undo and "undo" in fields and isinstance(subject, ForPeople):
        fields.place.refuse("a workload, or undo: false", "undo: true without a workload")
        return None
    missing = absence(parse_query(expression)) if expression else ""
    field = fields.get("expr")
    if missing and undo and field is not None and not isinstance(subject, ForPeople):
        field.refuse("what there is too much of, or undo: false: silence blames no release", f"{missing}(…)")
        return None
    return None if expression is None or hold is None or undo is None else DeployerRule(expression, hold, undo)


class _Budget(NamedTuple):
    judge: ErrorBudget
    page: AlertTexts
    ticket: AlertTexts
    notes: tuple[str, ...]


def _read_budget(spec: Fields, subject: Subject | None, annotations: Labels) -> _Budget | None:
    percentage = spec.required("objective", "a percentage such as 99.9, or a rule", read_percentage)
    period = spec.required("window", "a duration such as 30d", Field.duration)
    indicator = read_indicator(spec)
    budget = None if percentage is None else 1 - percentage / 100
    alerting = read_alerting(spec, Judged(period, budget, subject, indicator), annotations)
    field = spec.get("indicator")
    if indicator is not None and subject is not None and field is not None:
        indicator = indicator if check_carried(field, subject, indicator) else None
    if percentage is None or period is None or indicator is None or alerting is None:
        return None
    judge = ErrorBudget(
        percentage / 100, period, indicator, alerting.windows, alerting.minimum_errors, absent=alerting.absent
    )
    return _Budget(judge, alerting.page, alerting.ticket, alerting.notes)


def read_percentage(field: Field) -> Fraction | None:
    """An objective in percent."""
    expected = "a percentage above 0 and below 100, such as 99.9"
    return with_budget(field, field.number(expected), expected)


def with_budget(field: Field, percentage: Fraction | None, expected: str) -> Fraction | None:
    """The percentage, if it leaves an error budget; else a problem is noted."""
    if percentage is None or 0 < percentage < 100:
        return percentage
    field.refuse(f"{expected} (at 100 there is no error budget)" if percentage >= 100 else expected)
    return None
