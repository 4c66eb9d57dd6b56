"""Labels and annotations of foreign specifications: what is ours is kept ours, what they expand keeps expanding.

Prometheus expands the labels and annotations of alerts as Go templates, in foreign specifications as in rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rules import names
from rules.fields import Field
from rules.identifiers import A_LABEL_NAME, LABEL_NAME
from rules.specification import Labels
from rules.template import template_problem

_CLAIMS = frozenset({names.UNDO_LABEL, "alertname"})
_OF_THE_RECEIVER = "metricops_"
_NOT_OURS = "a name that MetricOps does not use itself"


def read_series_labels(field: Field | None) -> dict[str, Field]:
    """Labels of recordings and alerts, by name; the field of each holds a text. Problems are noted."""
    return series_labels(_entries(field))


def series_labels(entries: Mapping[str, Field]) -> dict[str, Field]:
    """Such labels, already by name."""
    found = _texts(entries)
    for name, place in found.items():
        if "{{" in str(place.node.value):
            place.refuse("a text that is no template: recordings do not expand them")
        _check_name(name, place)
    return found


def read_alert_labels(field: Field | None) -> Labels:
    """Labels of alerts. Problems are noted."""
    found = _texts(_entries(field))
    for name, place in found.items():
        value = str(place.node.value)
        _check_template(place, value)
        if "{{" in value and ("$value" in value or ".Value" in value):
            # Each evaluation would resolve the alert and raise another one.
            place.refuse("a label that stays the same while the alert fires", "the alert's value in a label")
        _check_name(name, place)
    return pairs(found)


def read_annotations(field: Field | None) -> Labels:
    """Annotations of alerts. Problems are noted."""
    return alert_annotations(_entries(field))


def alert_annotations(entries: Mapping[str, Field]) -> Labels:
    """Such annotations, already by name."""
    found = _texts(entries)
    for name, place in found.items():
        _check_template(place, str(place.node.value))
        if not LABEL_NAME.fullmatch(name):
            place.refuse(A_LABEL_NAME, repr(name))
        elif name.startswith(_OF_THE_RECEIVER):
            place.refuse(_NOT_OURS, f"the annotation {name}, which the receiver reads")
    return pairs(found)


def pairs(labels: Mapping[str, Field]) -> Labels:
    """Labels or annotations as pairs of name and value."""
    return tuple((name, str(place.node.value)) for name, place in labels.items())


def merged(*labels: Labels) -> Labels:
    """Labels of which later ones win over earlier ones of the same name."""
    found: dict[str, str] = {}
    for pairs in labels:
        found |= dict(pairs)
    return tuple(found.items())


def without_ours(labels: Labels, ours: dict[str, str]) -> tuple[Labels, list[str]]:
    """Labels without those whose names ours have; a note for each that has another value than ours."""
    notes = [
        f"the label {name}={value!r} is left out: there is one of ours of that name ({ours[name]!r})"
        if ours.get(name)
        else f"the label {name}={value!r} is left out: there is one of ours of that name"
        for name, value in labels
        if _taken(name, ours) and ours.get(name) != value
    ]
    return tuple((name, value) for name, value in labels if not _taken(name, ours)), notes


def _taken(name: str, ours: Iterable[str]) -> bool:
    return name in ours or name == names.WINDOW_LABEL


def _check_name(name: str, place: Field) -> None:
    if not LABEL_NAME.fullmatch(name):
        place.refuse(A_LABEL_NAME, repr(name))
    elif name in _CLAIMS:
        place.refuse(_NOT_OURS, f"the label {name}: which alert may undo follows from the workload")


def _check_template(place: Field, text: str) -> None:
    problem = template_problem(text)
    if problem:
        place.refuse("a template that Prometheus can expand", problem)


def _entries(field: Field | None) -> dict[str, Field]:
    return (field.entries() if field is not None else None) or {}


def _texts(entries: Mapping[str, Field]) -> dict[str, Field]:
    return {name: place for name, place in entries.items() if place.text() is not None}
