"""When a field got its present value, by managedFields (docs/decisions/0013-opt-in-moment.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any


def written_by(entries: Iterable[Mapping[str, Any]], *path: str) -> datetime | None:
    """A moment by which the field had its present value; None where managedFields do not name it.

    An entry's time is that of its manager's last change of anything that it owns, so it is an upper bound, in whole
    seconds. Whoever owns a field has owned it since its value last changed: the earliest of several owners tells most.
    """
    times = [_time(entry) for entry in entries if not entry.get("subresource") and owns(entry, *path)]
    return min((moment for moment in times if moment is not None), default=None)


def owns(entry: Mapping[str, Any], *path: str) -> bool:
    """Whether an entry of managedFields names the field."""
    fields: Any = entry.get("fieldsV1")
    for name in path:
        fields = fields.get(f"f:{name}") if isinstance(fields, Mapping) else None
    return fields is not None


def _time(entry: Mapping[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(str(entry["time"])).astimezone(UTC)
    except (KeyError, ValueError):
        return None
