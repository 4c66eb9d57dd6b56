"""Which workload a foreign objective judges: its own document says so, or a mapping file, or one for all is given.

The nearest to the objective wins: the document's annotation (or label, in `prometheus/v1`), then the mapping's entry
for `service/objective`, then that for `service`, then the one for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rules.document import read_documents
from rules.fields import Field
from rules.identifiers import DNS_LABEL, DNS_SUBDOMAIN
from rules.names import KIND_BY_LABEL
from rules.problems import SpecificationError
from rules.specification import ForPeople, Subject, WorkloadTarget
from rules.subjects import read_workload

WORKLOAD_ANNOTATION = "metricops.dev/workload"
"""`deployment/shop`, or `prod/deployment/shop`."""
NAMESPACE_ANNOTATION = "metricops.dev/namespace"
WORKLOAD_LABEL = "metricops_workload"
"""The same in `prometheus/v1`, which has labels only; it does not become a label of series."""

_FORM = f"KIND/NAME or NAMESPACE/KIND/NAME, with a KIND of {', '.join(KIND_BY_LABEL)}"


@dataclass(frozen=True, slots=True)
class Workloads:
    """What is known of workloads beside the documents: one for all, and a mapping of services and objectives.

    `asked` are the names that were looked for.
    """

    for_all: WorkloadTarget | None = None
    mapping: Mapping[str, WorkloadTarget] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set, compare=False)

    def named(self, service: str, objective: str) -> WorkloadTarget | None:
        """The workload of an objective of a service."""
        names = (f"{service}/{objective}", service)
        self.asked.update(names)
        return next((self.mapping[name] for name in names if name in self.mapping), self.for_all)

    @property
    def never_asked(self) -> list[str]:
        """The names in the mapping that no objective has had so far."""
        return [name for name in self.mapping if name not in self.asked]


NO_WORKLOADS = Workloads()


def read_workloads(content: bytes, file: str) -> dict[str, WorkloadTarget]:
    """A mapping file: `service` or `service/objective` to `{namespace, deployment}`. Raises `SpecificationError`."""
    nodes, problems = read_documents(content, file)
    found: dict[str, WorkloadTarget] = {}
    for node in nodes:
        for name, entry in (Field(node, "", file, problems).entries() or {}).items():
            workload = read_workload(entry)
            if workload is not None:
                found[name] = workload
    if problems:
        raise SpecificationError(problems)
    return found


def workload_of(text: str, namespace: str = "") -> WorkloadTarget | None:
    """A workload as `prod/deployment/shop`, or `deployment/shop` in a namespace that is known; None for other text."""
    parts = text.split("/")
    if len(parts) == 2:
        parts = [namespace, *parts]
    if len(parts) != 3 or parts[1] not in KIND_BY_LABEL:
        return None
    if not DNS_LABEL.fullmatch(parts[0]) or not DNS_SUBDOMAIN.fullmatch(parts[2]):
        return None
    return WorkloadTarget(parts[0], parts[1], parts[2])


def subject_of(
    given: Field | None, namespace: str, workloads: Workloads, service: str, objective: str
) -> Subject | None:
    """Whom an objective judges; `given` is what its document says, with `namespace` where it names none."""
    named = workloads.named(service, objective)
    if given is None:
        return named or ForPeople()
    text = given.text()
    if text is None:
        return None
    workload = workload_of(text, namespace)
    if workload is None:
        given.refuse(_FORM if namespace else f"{_FORM}; the document has no namespace")
    return workload
