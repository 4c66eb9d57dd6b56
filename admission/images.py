"""Images as a stamp holds them, and which of them an undo would not bring back as they were."""

from __future__ import annotations

from collections.abc import Mapping

MOST_IMAGES = 16
LONGEST_IMAGE = 512
MUTABLE_TAG = "latest"


def bounded(images: Mapping[str, str]) -> dict[str, str]:
    """At most 16 of them, and none that is longer than any registry's can be: half a name would be another image."""
    fitting = {name: image for name, image in images.items() if len(image) <= LONGEST_IMAGE}
    return dict(list(fitting.items())[:MOST_IMAGES])


def is_mutable(image: str) -> bool:
    """Whether the same reference is meant to become another image: no digest, and no tag or `latest`."""
    name, _, digest = image.partition("@")
    _, _, tag = name.rpartition("/")[2].partition(":")
    return not digest and tag in ("", MUTABLE_TAG)
