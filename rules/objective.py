"""Our own format (`metricops.dev/v1`, kind `ServiceLevelObjective`): one document into a specification."""

from __future__ import annotations

from fractions import Fraction

from rules.alerting import read_alerting
from rules.fields import Field, Fields
from rules.identifiers import A_DNS_LABEL, A_LABEL_VALUE, DNS_LABEL, LABEL_VALUE
from rules.indicators import read_indicator
from rules.names import API_VERSION, KIND, KIND_BY_LABEL
from rules.query_fields import read_expression
from rules.specification import DeployerRule, ErrorBudget, Specification
from rules.subjects import read_workload
from rules.windows import NO_TIME


def read_objective(document: Field) -> list[tuple[Specification, Field]]:
    """The specification of a document and the field that names it; none where anything is wrong."""
    root = document.mapping(("apiVersion", "kind", "metadata", "spec"))
    if root is None:
        return []
    root.required("apiVersion", API_VERSION, lambda field: field.one_of((API_VERSION,)))
    root.required("kind", KIND, lambda field: field.one_of((KIND,)))
    metadata = root.required("metadata", "a mapping with a name", lambda field: field.mapping(("name", "labels")))
    spec = root.required(
        "spec",
        "a mapping",
        lambda field: field.mapping(("service", "workload", "objective", "window", "indicator", "alerting", "rule")),
    )
    name = metadata.required("name", "a name", _read_name) if metadata else None
    labels = _read_labels(metadata) if metadata else None
    if spec is None:
        return []
    service = spec.required("service", "the service's name", _read_service)
    workload = spec.required("workload", f"namespace and one of {', '.join(KIND_BY_LABEL)}", read_workload)
    judge = _read_rule(spec) if "rule" in spec else _read_budget(spec)
    name_field = metadata.get("name") if metadata else None
    if name is None or labels is None or service is None or workload is None or judge is None or name_field is None:
        return []
    return [(Specification(name, service, workload, judge, workload.namespace, tuple(labels.items())), name_field)]


def _read_name(field: Field) -> str | None:
    return field.matching(DNS_LABEL, A_DNS_LABEL)


def _read_labels(metadata: Fields) -> dict[str, str] | None:
    nothing: dict[str, str] = {}
    return metadata.optional("labels", Field.texts, nothing)


def _read_service(field: Field) -> str | None:
    return field.matching(LABEL_VALUE, A_LABEL_VALUE)


def _read_rule(spec: Fields) -> DeployerRule | None:
    for name in ("objective", "window", "indicator", "alerting"):
        other = spec.get(name)
        if other is not None:
            other.refuse("either rule, or objective, window and indicator", f"{name} beside rule")
    fields = spec.required("rule", "a mapping", lambda field: field.mapping(("expr", "for")))
    if fields is None:
        return None
    expression = fields.required("expr", "a PromQL expression", read_expression)
    hold = fields.optional("for", lambda field: field.duration(least=NO_TIME), NO_TIME)
    return None if expression is None or hold is None else DeployerRule(expression, hold)


def _read_budget(spec: Fields) -> ErrorBudget | None:
    percentage = spec.required("objective", "a percentage such as 99.9, or a rule", read_percentage)
    period = spec.required("window", "a duration such as 30d", Field.duration)
    indicator = read_indicator(spec)
    budget = None if percentage is None else 1 - percentage / 100
    alerting = read_alerting(spec, period, budget)
    if percentage is None or period is None or indicator is None or alerting is None:
        return None
    return ErrorBudget(percentage / 100, period, indicator, *alerting)


def read_percentage(field: Field) -> Fraction | None:
    """An objective in percent."""
    expected = "a percentage above 0 and below 100, such as 99.9"
    percentage = field.number(expected)
    if percentage is None or 0 < percentage < 100:
        return percentage
    field.refuse(f"{expected} (at 100 there is no error budget)" if percentage >= 100 else expected)
    return None
