"""The history of StatefulSets and DaemonSets: ControllerRevisions.

A ControllerRevision's `data` is a strategic merge patch whose template says `$patch: replace`: it holds the whole
template. Taken up again, a ControllerRevision keeps its name, its age and its annotations, gets the next number, and
no history of the earlier ones is kept; what can be known of them is worked out from the gaps.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from receiver.cluster.api import JsonObject
from receiver.decision.templates import clean_template, template_hash
from receiver.decision.values import Interval, Revision, Workload, WorkloadRef
from receiver.timestamps import parse_time
from receiver.workloads.revisions import (
    CLOCK_GRAIN,
    controlling_owner,
    created_at,
    is_controlled_by,
    read_restored_by,
    stamped_rollout,
    template_writer,
    without_completion_after,
)


def as_workload(
    item: JsonObject,
    history: list[JsonObject],
    now: datetime,
    *,
    updated: int,
    update_revision: str | None = None,
    rollout_complete: bool,
    last_complete: str | None = None,
) -> Workload:
    """The values of a StatefulSet or DaemonSet and of those ControllerRevisions that it controls.

    `updated` is how many pods have the newest revision by the object's status, and `update_revision` which one that
    status means, None where it does not say: then it counts once observed. `last_complete` is the newest revision whose
    rollout completed, None where that is not known. `now` closes an open interval.
    """
    metadata, template = item["metadata"], item["spec"]["template"]
    annotations = metadata.get("annotations") or {}
    wanted = template_hash(template)
    owned = [child for child in history if is_controlled_by(child, metadata["uid"])]
    renumbered = {child["metadata"]["name"]: moment for child in owned if (moment := _renumbered_at(child))}
    revisions = with_earlier_numbers([_revision(child) for child in owned], renumbered)
    completed = next((revision.number for revision in revisions if revision.name == last_complete), None)
    revisions = without_completion_after(revisions, completed)
    observed = (item.get("status") or {}).get("observedGeneration", 0) >= metadata["generation"]
    current = _current(revisions, wanted, observed=observed)
    if current is not None and current.template_hash != wanted:
        # The controller judged them the same: since then the template has got defaults that an older server lacked.
        same = replace(current, template=clean_template(template), template_hash=wanted)
        revisions = tuple(same if revision is current else revision for revision in revisions)
        current = same
    about = observed if update_revision is None else current is not None and current.name == update_revision
    has_begun = bool(updated) and about
    return Workload(
        ref=WorkloadRef(item["kind"], metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        generation=metadata["generation"],
        labels=metadata.get("labels") or {},
        annotations=annotations,
        template_hash=wanted,
        revisions=revisions,
        current=current,
        rollout_began=_rollout_began(annotations, revisions, current, renumbered, now) if has_begun else None,
        rollout_complete=rollout_complete,
        paused=False,
        restored_by=read_restored_by(annotations),
        template_writer=template_writer(item),
        managed_fields=tuple(metadata.get("managedFields") or ()),
        controlled_by=controlling_owner(metadata),
    )


def with_earlier_numbers(revisions: list[Revision], renumbered: dict[str, datetime]) -> tuple[Revision, ...]:
    """Work out which revisions were taken up again, ascending by their present number.

    One was, if it has a higher number than a younger one; between two of the same second the moment of its last
    renumbering (by name) tells, unless that was in this second too: then it is taken for a new one. Its earlier
    numbers are among those that nobody has now. With several such revisions, or after the oldest were pruned, that is
    more than it really had, so that rather too many count as left by a restore.
    """
    taken = {revision.number for revision in revisions}

    def was_taken_up_again(revision: Revision) -> bool:
        again = revision.name in renumbered
        return any(
            other.number < revision.number
            and (other.created_at > revision.created_at or (again and other.created_at == revision.created_at))
            for other in revisions
        )

    def numbered(revision: Revision) -> Revision:
        if not was_taken_up_again(revision):
            return revision
        gaps = tuple(number for number in range(1, revision.number) if number not in taken)
        return replace(revision, numbers=(*(gaps or (0,)), revision.number))

    return tuple(sorted(map(numbered, revisions), key=lambda revision: revision.number))


def _revision(item: JsonObject) -> Revision:
    template = {key: value for key, value in item["data"]["spec"]["template"].items() if key != "$patch"}
    return Revision(
        numbers=(item["revision"],),
        name=item["metadata"]["name"],
        template=clean_template(template),
        template_hash=template_hash(template),
        created_at=created_at(item),
        annotations=item["metadata"].get("annotations") or {},
    )


def _renumbered_at(item: JsonObject) -> datetime | None:
    """When the object was last changed after it was made: nothing but its number ever changes."""
    times = [
        parse_time(entry["time"])
        for entry in item["metadata"].get("managedFields") or []
        if "f:revision" in (entry.get("fieldsV1") or {}) and entry.get("time")
    ]
    return max((moment for moment in times if moment > created_at(item)), default=None)


def _current(revisions: tuple[Revision, ...], wanted: str, *, observed: bool) -> Revision | None:
    """The revision of the current template. The controller gives it the highest number; until it has, there is none."""
    newest = revisions[-1] if revisions else None
    return newest if newest is not None and (observed or newest.template_hash == wanted) else None


def _rollout_began(
    annotations: dict[str, str],
    revisions: tuple[Revision, ...],
    current: Revision | None,
    renumbered: dict[str, datetime],
    now: datetime,
) -> Interval | None:
    if current is None:
        return None
    stamped = stamped_rollout(annotations, current.template_hash)
    if stamped is not None:
        return stamped
    if not current.was_restored:
        return Interval(current.created_at, current.created_at + CLOCK_GRAIN)
    again = renumbered.get(current.name)
    if again is not None:
        return Interval(again, again + CLOCK_GRAIN)
    return Interval(max(revision.created_at for revision in revisions), now)
