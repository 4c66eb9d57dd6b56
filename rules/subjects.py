"""`spec.workload`: whom the alerts blame."""

from __future__ import annotations

from rules.carried_labels import can_carry
from rules.fields import Field, Fields
from rules.identifiers import A_DNS_LABEL, A_LABEL_NAME, DNS_LABEL, DNS_SUBDOMAIN, LABEL_NAME
from rules.names import KIND_BY_LABEL, NAMESPACE_LABEL
from rules.specification import EventRatio, ForPeople, Indicator, PerWorkload, Subject, WorkloadTarget
from rules.syntax import parse_query

KINDS = tuple(KIND_BY_LABEL)
FOR_PEOPLE_NOTE = "no workload is named: people are alerted, and nothing is ever undone"


def read_subject(spec: Fields) -> Subject | None:
    """One workload, all workloads that the series name, or nobody where `workload` is missing."""
    field = spec.get("workload")
    if field is None:
        return ForPeople()
    fields = field.mapping((NAMESPACE_LABEL, *KINDS, "per", "namespaceLabel", "nameLabel"))
    if fields is None:
        return None
    return _per_workload(fields) if "per" in fields else _one(fields)


def check_carried(field: Field, subject: Subject, indicator: Indicator) -> bool:
    """Whether the indicator's series can say whose they are; noted where they can't."""
    if not isinstance(subject, PerWorkload):
        return True
    asked = (indicator.errors, indicator.good) if isinstance(indicator, EventRatio) else (indicator.ratio,)
    labels = (subject.namespace_from, subject.name_from)
    for query in filter(None, (*asked, indicator.total)):
        lost = [label for label in labels if not can_carry(parse_query(query), label)]
        if lost:
            expected = f"queries that leave the workload's labels on their series: sum by ({', '.join(labels)}) (…)"
            field.refuse(expected, f"a query whose series have no {' and no '.join(lost)}")
            return False
    return True


def read_workload(field: Field) -> WorkloadTarget | None:
    """One workload: its namespace, its kind and its name."""
    fields = field.mapping((NAMESPACE_LABEL, *KINDS))
    return _one(fields) if fields else None


def _one(fields: Fields) -> WorkloadTarget | None:
    _refuse(fields, ("namespaceLabel", "nameLabel"), "per as well, or namespace and the workload's name")
    namespace = fields.required(NAMESPACE_LABEL, "a namespace", lambda field: field.matching(DNS_LABEL, A_DNS_LABEL))
    labels = [label for label in KINDS if label in fields]
    if len(labels) != 1:
        fields.place.refuse(f"exactly one of {', '.join(KINDS)}", " and ".join(labels) or "none of them")
        return None
    name = fields.required(labels[0], "a name", lambda field: field.matching(DNS_SUBDOMAIN, "a workload's name"))
    return None if namespace is None or name is None else WorkloadTarget(namespace, labels[0], name)


def _per_workload(fields: Fields) -> PerWorkload | None:
    _refuse(fields, (NAMESPACE_LABEL, *KINDS), "either per, or namespace and the workload's name")
    kind = fields.required("per", "a kind", lambda field: field.one_of(KINDS))
    namespace = fields.optional("namespaceLabel", _read_label_name, NAMESPACE_LABEL)
    name = fields.optional("nameLabel", _read_label_name, kind or "")
    if kind is None or namespace is None or name is None:
        return None
    if namespace in (name, kind) or name == NAMESPACE_LABEL:
        fields.place.refuse("two labels, one for the namespace and one for the name", f"{namespace} and {name}")
        return None
    return PerWorkload(kind, namespace, name)


def _refuse(fields: Fields, unwanted: tuple[str, ...], expected: str) -> None:
    for name in unwanted:
        field = fields.get(name)
        if field is not None:
            field.refuse(expected, f"{name}, {'beside' if 'per' in fields else 'without'} per")


def _read_label_name(field: Field) -> str | None:
    return field.matching(LABEL_NAME, A_LABEL_NAME)
