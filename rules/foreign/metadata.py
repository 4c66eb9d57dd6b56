"""The metadata of a Kubernetes object, as far as rules take it over."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rules.fields import Field, Fields
from rules.foreign.workloads import NAMESPACE_ANNOTATION, WORKLOAD_ANNOTATION
from rules.identifiers import A_DNS_LABEL, DNS_LABEL
from rules.specification import Labels

_BY_THE_SERVER = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
)
"""What an object has beside that, once it was in a cluster."""
_OTHER = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Metadata:
    """Where the object is, its labels, and what its annotations say of the workload (None: nothing)."""

    name: Field | None
    namespace: str
    labels: Labels
    workload: Field | None
    workload_namespace: str


def read_metadata(root: Fields, more: tuple[str, ...] = ()) -> Metadata | None:
    """`metadata`, which must have a name; `more` are fields that the format has beside Kubernetes'."""
    known = ("name", "namespace", "labels", "annotations", *more, *_BY_THE_SERVER)
    fields = root.required("metadata", "a mapping with a name", lambda field: field.mapping(known))
    if fields is None:
        return None
    name = fields.required("name", "a name", lambda field: field if field.text() is not None else None)
    namespace = _namespace(fields.given("namespace"))
    labels, annotations = fields.given("labels"), fields.given("annotations")
    texts = labels.texts() if labels else {}
    found = annotations.entries() if annotations else {}
    other = _namespace((found or {}).get(NAMESPACE_ANNOTATION))
    return Metadata(
        name, namespace, tuple((texts or {}).items()), (found or {}).get(WORKLOAD_ANNOTATION), other or namespace
    )


def object_name(*parts: str) -> str:
    """A DNS name of the parts: what it may not hold becomes a hyphen."""
    return _OTHER.sub("-", "-".join(parts).lower()).strip("-")


def _namespace(field: Field | None) -> str:
    return (field.matching(DNS_LABEL, A_DNS_LABEL) or "") if field is not None else ""
