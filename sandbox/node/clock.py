"""Times as the Kubernetes API writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def timestamp() -> str:
    """Now, in whole seconds of UTC: `metav1.Time`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fine_timestamp() -> str:
    """Now, in microseconds of UTC: `metav1.MicroTime`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
