"""The stamp of a release, annotation `metricops.dev/release` on a workload: what was released, when, and by whom.

JSON in one line; what is unknown is left out. It counts only while its hash is that of the current template: whoever
changes the template without renewing the stamp leaves one that says nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from receiver import names
from receiver.decision.templates import Template
from receiver.timestamps import format_time, parse_time

TEXTS = {
    "who": "who",
    "commit": "commit",
    "repository": "repository",
    "revision": "revision",
    "link": "link",
    "changeCause": "change_cause",
}
"""Those facts that are texts: their names in the annotation, and ours."""
MOST_IMAGES = 16
LONGEST_IMAGE = 512
LONGEST_TEXT = 512
LINK = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?#][!-~]*)?")
"""An address that may be shown as a link: of a page, without a user's name or password."""


@dataclass(frozen=True, slots=True)
class ReleaseStamp:
    """What a stamp says. Empty is unknown; `images` are by container.

    `rollout_began` is None where that is not known exactly, and while the rollout is `held_back`: the template was
    changed while the workload was paused.
    """

    template_hash: str
    rollout_began: datetime | None = None
    released_at: datetime | None = None
    who: str = ""
    images: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""
    repository: str = ""
    revision: str = ""
    link: str = ""
    change_cause: str = ""
    held_back: bool = False

    def text(self) -> str:
        """The annotation's value."""
        times = {"rolloutBegan": self.rollout_began, "releasedAt": self.released_at}
        said: dict[str, Any] = {
            "templateHash": self.template_hash,
            **{key: format_time(moment) for key, moment in times.items() if moment is not None},
            "images": dict(self.images),
            **{key: getattr(self, name) for key, name in TEXTS.items()},
            "heldBack": self.held_back,
        }
        return json.dumps({key: value for key, value in said.items() if value}, separators=(",", ":"))


def read_stamp(annotations: Mapping[str, str]) -> ReleaseStamp | None:
    """The stamp among a workload's annotations; None where there is none, or one that can't be read."""
    try:
        said = json.loads(annotations[names.RELEASE_ANNOTATION])
        template_hash = said["templateHash"]
        images = said.get("images")
        return ReleaseStamp(
            template_hash=template_hash if isinstance(template_hash, str) else "",
            rollout_began=_moment(said.get("rolloutBegan")),
            released_at=_moment(said.get("releasedAt")),
            images={k: v for k, v in images.items() if isinstance(v, str)} if isinstance(images, dict) else {},
            **{name: value for key, name in TEXTS.items() if isinstance(value := said.get(key), str)},
            held_back=said.get("heldBack") is True,
        )
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return None


def stamp_of_template(annotations: Mapping[str, str], template_hash: str) -> ReleaseStamp | None:
    """The stamp, if it is this template's."""
    stamp = read_stamp(annotations)
    return stamp if stamp is not None and stamp.template_hash == template_hash else None


def shown_facts(stamp: ReleaseStamp) -> dict[str, str]:
    """What a stamp says of its release, for records and answers; only what is known.

    Cut down to what may be shown: whoever may write the workload may have written it.
    """
    said = {key: getattr(stamp, name)[:LONGEST_TEXT] for key, name in TEXTS.items()}
    if not LINK.fullmatch(said["link"]):
        del said["link"]
    moment = format_time(stamp.released_at) if stamp.released_at else ""
    return {key: value for key, value in {"releasedAt": moment, **said}.items() if value}


def images_by_container(template: Template) -> dict[str, str]:
    """The images of a pod template's containers, those of init containers first."""
    spec = template.get("spec") or {}
    containers = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    return {container["name"]: container["image"] for container in containers if container.get("image")}


def bounded_images(images: Mapping[str, str]) -> dict[str, str]:
    """At most 16 of them, and none that is longer than any registry's can be: half a name would be another image."""
    fitting = {name: image for name, image in images.items() if len(image) <= LONGEST_IMAGE}
    return dict(list(fitting.items())[:MOST_IMAGES])


def _moment(value: Any) -> datetime | None:
    try:
        return parse_time(value)
    except (ValueError, TypeError, OverflowError):
        return None
