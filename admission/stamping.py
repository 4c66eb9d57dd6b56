"""Which stamp a workload is to have once a request has gone through: pure, and the same whoever asks again.

The stamp's facts are the server's word, not the caller's (docs/decisions/0023-stamping.md):

- the pod template changes by meaning, or is new: a new stamp, whatever the caller sent;
- it stays: the stamp stays, also where the caller dropped or changed it;
- a rollout that was held back (`spec.paused`) begins: its moment is filled in;
- the receiver, known by its authenticated account, stamps for itself: what it restores, and what it was told.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from admission.review import AdmissionRequest, JsonObject
from admission.sources import Marks, ReleaseSource, late_facts, release_source
from receiver import names
from receiver.decision.templates import Template, template_hash
from receiver.workloads.ownership import MOST_ANNOTATION_BYTES
from receiver.workloads.stamp import ReleaseStamp, bounded_images, images_by_container, read_stamp

SAME_REQUEST = timedelta(seconds=10)
"""So long ago a stamp may have been made and still be this very request's, which is asked about again after another
webhook has changed the object."""
ROOM = 4096
"""Bytes of annotations that are left to others: Kubernetes' controllers write some as well."""
LONGEST_USER = 256

SOURCE_FIELDS = tuple(f.name for f in fields(ReleaseSource))


@dataclass(frozen=True, slots=True)
class Wanted:
    """The annotation's value, None where there is to be none. `no_room` says that a stamp would not fit."""

    text: str | None
    is_new: bool = False
    no_room: bool = False


def wanted_stamp(request: AdmissionRequest, now: datetime, receivers: Collection[str] = ()) -> Wanted:
    """What annotation `metricops.dev/release` is to be. `receivers` are the user names of the receiver's accounts."""
    given = annotations_of(request.item)
    sent = given.get(names.RELEASE_ANNOTATION)
    is_new = request.old is None or template_hash(template_of(request.old)) != template_hash(template_of(request.item))
    text = _text(request, sent, now, receivers, is_new=is_new)
    if text is not None and text != sent and not _fits(text, given):
        return Wanted(None, is_new=is_new, no_room=True)
    return Wanted(text, is_new=is_new)


def patch_to(item: JsonObject, wanted: str | None) -> tuple[JsonObject, ...]:
    """The operations that make the annotation so; none where it is. They touch nothing else."""
    annotations = (item.get("metadata") or {}).get("annotations")
    found = (annotations or {}).get(names.RELEASE_ANNOTATION)
    if found == wanted:
        return ()
    path = "/metadata/annotations/" + names.RELEASE_ANNOTATION.replace("~", "~0").replace("/", "~1")
    if wanted is None:
        return ({"op": "remove", "path": path},)
    if annotations is None:
        return ({"op": "add", "path": "/metadata/annotations", "value": {names.RELEASE_ANNOTATION: wanted}},)
    return ({"op": "add", "path": path, "value": wanted},)


def annotations_of(item: JsonObject) -> dict[str, str]:
    """An object's annotations; empty where it has none."""
    return (item.get("metadata") or {}).get("annotations") or {}


def template_of(item: JsonObject) -> Template:
    """A workload's pod template."""
    template: Template = item["spec"]["template"]
    return template


def _text(
    request: AdmissionRequest, text: str | None, now: datetime, receivers: Collection[str], *, is_new: bool
) -> str | None:
    present = template_hash(template_of(request.item))
    sent = read_stamp(annotations_of(request.item))
    if request.username in receivers and sent is not None and sent.template_hash == present:
        return text
    before = annotations_of(request.old or {})
    known = read_stamp(before)
    if is_new:
        stamp = _new_stamp(request, present, now)
    elif known is not None and known.template_hash == present:
        stamp = _gone_on(known, request, now)
    else:
        return before.get(names.RELEASE_ANNOTATION)
    if stamp == known:
        return before[names.RELEASE_ANNOTATION]
    replaced = known if is_new else None
    return text if sent is not None and _is_of_this_request(sent, stamp, replaced, now) else stamp.text()


def _new_stamp(request: AdmissionRequest, present: str, now: datetime) -> ReleaseStamp:
    images = images_by_container(template_of(request.item))
    before = Marks.of(request.old) if request.old else None
    same_images = request.old is not None and images_by_container(template_of(request.old)) == images
    source = release_source(Marks.of(request.item), before, same_images=same_images)
    held_back = _is_paused(request.item)
    return ReleaseStamp(
        template_hash=present,
        rollout_began=None if held_back else now,
        released_at=now,
        held_back=held_back,
        who=request.username[:LONGEST_USER],
        images=bounded_images(images),
        **_as_fields(source),
    )


def _gone_on(known: ReleaseStamp, request: AdmissionRequest, now: datetime) -> ReleaseStamp:
    """The stamp of a template that stays: with the moment at which a held-back rollout begins, and late facts.

    With pods of this template there is nothing that was held back: it came back before the pause ended, or the pause
    ended while we were away. Then that moment is not known.
    """
    old = request.old or {}
    if known.held_back and not _is_paused(request.item):
        has_pods = bool((old.get("status") or {}).get("updatedReplicas"))
        known = replace(known, rollout_began=known.rollout_began if has_pods else now, held_back=False)
    source = ReleaseSource(**{name: getattr(known, name) for name in SOURCE_FIELDS})
    return replace(known, **_as_fields(late_facts(source, Marks.of(request.item), Marks.of(old))))


def _is_of_this_request(sent: ReleaseStamp, wanted: ReleaseStamp, replaced: ReleaseStamp | None, now: datetime) -> bool:
    """Whether the object carries what we wrote a moment ago: then it stays, so that asking again changes nothing.

    Nobody gains by forging it: it says what we would say, a few seconds earlier. A stamp that an undo brings back is
    older than the one that it replaces, and is not taken for ours.
    """
    if replace(wanted, rollout_began=None, released_at=None) != replace(sent, rollout_began=None, released_at=None):
        return False
    earliest = now - SAME_REQUEST
    if replaced is not None:
        earliest = max([earliest, *(t for t in (replaced.released_at, replaced.rollout_began) if t is not None)])

    def is_ours(moment: datetime | None, ours: datetime | None) -> bool:
        if moment is None or ours is None:
            return moment == ours
        return moment == ours or earliest < moment <= now

    return is_ours(sent.rollout_began, wanted.rollout_began) and is_ours(sent.released_at, wanted.released_at)


def _fits(text: str, annotations: dict[str, str]) -> bool:
    """Whether the annotations stay within what the API server takes: else it would refuse the deploy for our stamp."""
    others = {**annotations, names.RELEASE_ANNOTATION: text}
    return sum(len(k.encode()) + len(v.encode()) for k, v in others.items()) + ROOM <= MOST_ANNOTATION_BYTES


def _is_paused(item: JsonObject) -> bool:
    return bool((item.get("spec") or {}).get("paused"))


def _as_fields(source: ReleaseSource) -> dict[str, Any]:
    return {name: getattr(source, name) for name in SOURCE_FIELDS}
