"""Which images an undo would not bring back as they were."""

from __future__ import annotations

MUTABLE_TAG = "latest"


def is_mutable(image: str) -> bool:
    """Whether the same reference is meant to become another image: no digest, and no tag or `latest`."""
    name, _, digest = image.partition("@")
    _, _, tag = name.rpartition("/")[2].partition(":")
    return not digest and tag in ("", MUTABLE_TAG)
