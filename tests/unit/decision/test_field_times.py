"""By when a field had its present value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from receiver.decision.field_times import written_by

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EARLIER, LATER = "2026-03-01T12:00:00Z", "2026-03-01T12:30:00Z"
PATH = ("metadata", "labels", "a/b")
OWNED: dict[str, Any] = {"f:metadata": {"f:labels": {".": {}, "f:a/b": {}}}}


def entry(time: str | None, fields: Any, **more: str) -> dict[str, Any]:
    return {"manager": "m", "operation": "Apply", "fieldsV1": fields, **({"time": time} if time else {}), **more}


def test_the_owner_tells() -> None:
    others = entry(EARLIER, {"f:metadata": {"f:labels": {"f:a": {}}}})
    found = written_by([others, entry(LATER, OWNED)], *PATH)
    assert found == datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    assert found.tzinfo is UTC  # Details print it as such, whatever the machine's own zone.


def test_of_several_owners_the_earliest_tells_most() -> None:
    assert written_by([entry(LATER, OWNED), entry(EARLIER, OWNED)], *PATH) == AT


def test_nobody_tells() -> None:
    assert written_by([], *PATH) is None
    assert written_by([entry(EARLIER, {"f:metadata": {}}), entry(EARLIER, None)], *PATH) is None
    assert written_by([entry(None, OWNED), entry("once", OWNED)], *PATH) is None


def test_a_status_write_is_no_write() -> None:
    assert written_by([entry(EARLIER, OWNED, subresource="status")], *PATH) is None
