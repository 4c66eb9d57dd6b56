"""The name of a Rollback: derived, so that creating it is the deduplication."""

from __future__ import annotations

import hashlib

from receiver.decision.values import Revision, Workload

READABLE_LENGTH = 40


def rollback_name(workload: Workload, blamed: Revision) -> str:
    """A DNS name that only this workload object and this revision number have: `shop-7-4f1c20a9be`."""
    digest = hashlib.sha256(f"{workload.uid}/{blamed.number}".encode()).hexdigest()[:10]
    return f"{workload.ref.name[:READABLE_LENGTH].strip('-.')}-{blamed.number}-{digest}"
