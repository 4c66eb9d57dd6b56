"""Labels, annotations and links that a specification adds to its recordings and alerts."""

from __future__ import annotations

import re

from rules import names
from rules.fields import Field, Fields
from rules.identifiers import A_LABEL_NAME, LABEL_NAME
from rules.specification import AlertTexts, Labels
from rules.template import template_problem
from rules.windows import Severity

RESERVED_LABELS = (
    names.NAMESPACE_LABEL,
    *names.KIND_BY_LABEL,
    names.UNDO_LABEL,
    names.SLO_LABEL,
    names.SERVICE_LABEL,
    names.WINDOW_LABEL,
    "alertname",
)
"""Set by the generator: whom an alert blames, whether it may undo, and what tells it from others."""
RESERVED_ANNOTATIONS = (
    names.SLI_ANNOTATION,
    names.LIMIT_ANNOTATION,
    names.SHORT_WINDOW_ANNOTATION,
    names.ERRORS_ANNOTATION,
    names.EVENTS_ANNOTATION,
    names.CONDITION_ANNOTATION,
    names.DEPLOYERS_WORDS_ANNOTATION,
)
"""Set by the generator: what the receiver asks with."""
_LINK = re.compile(r"https?://\S{1,2000}")


def read_series_labels(spec: Fields) -> Labels | None:
    """`spec.labels`: of all recordings and alerts."""
    return _read(spec, "labels", (*RESERVED_LABELS, names.SEVERITY_LABEL))


def read_annotations(spec: Fields) -> Labels | None:
    """`spec.annotations`: of all alerts."""
    return _read(spec, "annotations", RESERVED_ANNOTATIONS)


def read_alert_texts(alerting: Fields, severity: Severity, annotations: Labels) -> AlertTexts | None:
    """`alerting.page` and `alerting.ticket`: of the alerts of one severity, which also get these annotations."""
    field = alerting.get(severity)
    fields = field.mapping(("labels", "annotations", "disabled")) if field else None
    if fields is None:
        return None if field else AlertTexts(annotations=annotations)
    labels = _read(fields, "labels", RESERVED_LABELS)
    own = _read(fields, "annotations", RESERVED_ANNOTATIONS)
    disabled = fields.optional("disabled", Field.boolean, False)
    if labels is None or own is None or disabled is None:
        return None
    return AlertTexts(labels, tuple({**dict(annotations), **dict(own)}.items()), disabled)


def read_link(field: Field) -> str | None:
    """The address of a page for people."""
    return field.matching(_LINK, "an address that begins with https:// or http://")


def _read(fields: Fields, name: str, reserved: tuple[str, ...]) -> Labels | None:
    """A mapping of names to texts. A label is the same for as long as its alert fires, so it is no template."""
    place = fields.get(name)
    entries = place.entries() if place else {}
    if entries is None:
        return None
    found: list[tuple[str, str]] = []
    for key, field in entries.items():
        text = field.text()
        if not LABEL_NAME.fullmatch(key):
            field.refuse(A_LABEL_NAME, f"the name {key[:60]!r}")
        elif key in reserved:
            field.refuse("another name: this one is set by the generator", f"{key!r}")
        elif text is not None and name == "labels" and "{{" in text:
            field.refuse("a fixed text: a label that changes makes another alert")
        elif text is not None and name == "annotations" and (problem := template_problem(text)):
            field.refuse("a template that Prometheus can expand", problem)
        elif text is not None:
            found.append((key, text))
    return tuple(found) if len(found) == len(entries) else None
