"""The metadata of a Kubernetes object, as far as rules take it over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

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
    """The object's name (None: it has none), where it is, and its labels and annotations by name."""

    name: Field | None = None
    namespace: str = ""
    labels: Mapping[str, Field] = field(default_factory=dict)
    annotations: Mapping[str, Field] = field(default_factory=dict)

    @property
    def workload(self) -> Field | None:
        """What the annotations say of the workload that is judged."""
        return self.annotations.get(WORKLOAD_ANNOTATION)

    @property
    def workload_namespace(self) -> str:
        """Where a workload is of which only kind and name are said."""
        said = self.annotations.get(NAMESPACE_ANNOTATION)
        return str(said.node.value) if said is not None else self.namespace


def read_metadata(root: Fields, more: tuple[str, ...] = ()) -> Metadata | None:
    """`metadata`, which must have a name; `more` are fields that the format has beside Kubernetes'."""
    known = ("name", "namespace", "labels", "annotations", *more, *_BY_THE_SERVER)
    fields = root.required("metadata", "a mapping with a name", lambda place: place.mapping(known))
    if fields is None:
        return None
    name = fields.required("name", "a name", lambda place: place if place.text() is not None else None)
    labels, annotations = (_entries(fields.given(word)) for word in ("labels", "annotations"))
    namespace = _namespace(fields.given("namespace"))
    _namespace(annotations.get(NAMESPACE_ANNOTATION))
    return Metadata(name, namespace, labels, annotations)


def object_labels(labels: Mapping[str, Field]) -> Labels:
    """The labels of the object as those of the one that is made of it. Problems are noted."""
    return tuple((name, text) for name, place in labels.items() if (text := place.prose()) is not None)


def object_name(*parts: str) -> str:
    """A DNS name of the parts: what it may not hold becomes a hyphen."""
    return _OTHER.sub("-", "-".join(parts).lower()).strip("-")


def _entries(place: Field | None) -> dict[str, Field]:
    return (place.entries() if place is not None else None) or {}


def _namespace(place: Field | None) -> str:
    return (place.matching(DNS_LABEL, A_DNS_LABEL) or "") if place is not None else ""
