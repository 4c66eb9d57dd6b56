"""`spec.workload`: whom the alerts blame."""

from __future__ import annotations

from rules.fields import Field
from rules.identifiers import A_DNS_LABEL, DNS_LABEL, DNS_SUBDOMAIN
from rules.names import KIND_BY_LABEL, NAMESPACE_LABEL
from rules.specification import WorkloadTarget


def read_workload(field: Field) -> WorkloadTarget | None:
    """One workload: its namespace, its kind and its name."""
    fields = field.mapping((NAMESPACE_LABEL, *KIND_BY_LABEL))
    if fields is None:
        return None
    namespace = fields.required(NAMESPACE_LABEL, "a namespace", lambda field: field.matching(DNS_LABEL, A_DNS_LABEL))
    labels = [label for label in KIND_BY_LABEL if label in fields]
    if len(labels) != 1:
        field.refuse(f"exactly one of {', '.join(KIND_BY_LABEL)}", " and ".join(labels) or "none of them")
        return None
    name = fields.required(labels[0], "a name", lambda field: field.matching(DNS_SUBDOMAIN, "a workload's name"))
    return None if namespace is None or name is None else WorkloadTarget(namespace, labels[0], name)
