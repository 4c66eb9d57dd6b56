"""OpenSLO's objects: how they refer to one another, and how they write durations."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from rules.fields import Field, Fields
from rules.foreign.context import Context

API_VERSION = "openslo/v1"
REFERRED_KINDS = ("SLI", "Service", "DataSource", "AlertPolicy", "AlertCondition", "AlertNotificationTarget")

_DURATION = re.compile(r"([1-9][0-9]{0,5})([mhdwMQY])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_NO_FIXED_LENGTH = {
    "M": "months have 28 to 31 days",
    "Q": "quarters have 90 to 92 days",
    "Y": "years have 365 or 366 days",
}

T = TypeVar("T")


def keep_object(document: Field, context: Context) -> None:
    """Keep the `spec` of an object, for the others that refer to it by its name."""
    root = document.mapping(("apiVersion", "kind", "metadata", "spec"))
    metadata = root.required("metadata", "a mapping with a name", lambda field: field) if root else None
    spec = root.required("spec", "a mapping", lambda field: field) if root else None
    if metadata is None or spec is None:
        return
    name_field, name = metadata.place_of("name"), metadata.word("name")
    if not name:
        metadata.missing("name", "a name")
        return
    first = context.objects.setdefault((document.word("kind"), name), spec)
    if first is not spec:
        name_field.refuse(f"a name of its own among all of kind {document.word('kind')}", repr(name))


def referred(
    fields: Fields, reference: str, kind: str, context: Context, read: Callable[[Field], T | None]
) -> T | None:
    """What the object says that `reference` names."""
    place = fields.get(reference)
    name = place.text() if place is not None else None
    if place is None or name is None:
        return None
    spec = context.objects.get((kind, name))
    if spec is None:
        place.refuse(f"the name of an object of kind {kind} in one of the files")
        return None
    return read(spec)


def read_duration(field: Field) -> timedelta | None:
    """OpenSLO's shorthand: a whole number and one of m, h, d, w. Months, quarters and years are no durations."""
    expected = "a duration such as 5m, 12h, 30d or 4w"
    text = field.text()
    match = _DURATION.fullmatch(text) if text is not None else None
    if match is None:
        if text is not None:
            field.refuse(expected)
        return None
    amount, unit = match.groups()
    if unit in _NO_FIXED_LENGTH:
        field.refuse(f"{expected}: {_NO_FIXED_LENGTH[unit]}")
        return None
    return int(amount) * _UNITS[unit]
