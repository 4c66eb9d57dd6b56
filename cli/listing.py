"""Rollbacks as rows: one line each, as in a list."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cli.records import phase_of
from cli.table import printable, short_age
from receiver.cluster.api import JsonObject
from receiver.timestamps import parse_time

HEADINGS = ("NAMESPACE", "NAME", "WORKLOAD", "FROM", "TO", "PHASE", "REASON", "ALERT", "AGE")


def row(item: JsonObject, now: datetime) -> tuple[str, ...]:
    """The cells of one record, in the order of the headings; the age comes last."""
    metadata, spec, status = item["metadata"], item["spec"], item.get("status") or {}
    return (
        metadata["namespace"],
        metadata["name"],
        f"{spec['workload']['kind'].lower()}/{spec['workload']['name']}",
        _revision(spec["blamed"]),
        _revision(spec["target"]),
        phase_of(item),
        status.get("reason") or spec["reason"],
        spec["alert"].get("name") or "-",
        short_age((now - parse_time(metadata["creationTimestamp"])).total_seconds()),
    )


class GrowingTable:
    """A table whose end is not known yet: columns grow with what comes, and never shrink."""

    def __init__(self) -> None:
        self._widths = [len(heading) for heading in HEADINGS]

    def line(self, cells: tuple[str, ...]) -> str:
        """The next line."""
        clean = [printable(cell) for cell in cells]
        self._widths = [max(width, len(cell)) for width, cell in zip(self._widths, clean, strict=True)]
        return "  ".join(cell.ljust(width) for cell, width in zip(clean, self._widths, strict=True)).rstrip()


def _revision(revision: dict[str, Any]) -> str:
    images = ",".join(image.rpartition("/")[2] for image in revision.get("images") or [])
    return f"{revision['revision']} ({images})" if images else str(revision["revision"])
