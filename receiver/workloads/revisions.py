"""What the kinds share in reading a workload's history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from receiver import names
from receiver.cluster.api import JsonObject
from receiver.decision.values import Interval, RestoredBy, Revision
from receiver.timestamps import parse_time
from receiver.workloads.stamp import read_stamp

CLOCK_GRAIN = timedelta(seconds=1)
"""How exactly the API server tells when an object was made."""


def label_selector(selector: JsonObject) -> str:
    """A LabelSelector as the API's `labelSelector` query parameter."""
    terms = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for expression in selector.get("matchExpressions") or []:
        key, values = expression["key"], ",".join(expression.get("values") or [])
        terms.append(
            {
                "In": f"{key} in ({values})",
                "NotIn": f"{key} notin ({values})",
                "Exists": key,
                "DoesNotExist": f"!{key}",
            }[expression["operator"]]
        )
    return ",".join(terms)


def is_controlled_by(child: JsonObject, uid: str) -> bool:
    """Whether the object's controlling owner is the one with this uid."""
    references = child["metadata"].get("ownerReferences") or []
    return any(reference.get("controller") and reference["uid"] == uid for reference in references)


def controlling_owner(metadata: JsonObject) -> str:
    """The owner that controls the object, as `Kind/name`; empty where there is none."""
    owners = [o for o in metadata.get("ownerReferences") or [] if o.get("controller")]
    return f"{owners[0].get('kind', '?')}/{owners[0].get('name', '?')}" if owners else ""


def read_restored_by(annotations: Mapping[str, str]) -> RestoredBy | None:
    """What our last undo noted on the workload; None where there is no readable note."""
    try:
        note = json.loads(annotations[names.RESTORED_BY_ANNOTATION])
        return RestoredBy(str(note["rollback"]), str(note["templateHash"]), parse_time(note["restoredAt"]))
    except (KeyError, ValueError, TypeError):
        return None


def stamped_rollout(annotations: Mapping[str, str], template_hash: str) -> Interval | None:
    """When the rollout began by a stamp on the workload: it counts only for the template that it names."""
    stamp = read_stamp(annotations)
    if stamp is not None and stamp.template_hash == template_hash and stamp.rollout_began is not None:
        return Interval(stamp.rollout_began, stamp.rollout_began)
    restored = read_restored_by(annotations)
    if restored is not None and restored.template_hash == template_hash:
        return Interval(restored.restored_at, restored.restored_at)
    return None


def template_writer(workload: JsonObject) -> str:
    """The manager that last wrote the pod template, by managedFields; empty where none is named."""
    entries = [
        entry
        for entry in workload["metadata"].get("managedFields") or []
        if "f:template" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
    ]
    # Times are whole seconds; within one, an update comes after the apply that it changes.
    entries.sort(key=lambda entry: (str(entry.get("time", "")), entry.get("operation") == "Update"))
    return str(entries[-1].get("manager", "")) if entries else ""


def without_completion_after(revisions: tuple[Revision, ...], number: int | None) -> tuple[Revision, ...]:
    """The revisions, those with a higher number marked as never completed: a rollout that completes leaves no pod of an
    earlier revision, and takes its place. None: not known of any.
    """
    if number is None:
        return revisions
    return tuple(replace(r, never_completed=True) if r.number > number else r for r in revisions)


def created_at(item: JsonObject) -> datetime:
    """The object's creationTimestamp (whole seconds, rounded down by the API server)."""
    return parse_time(item["metadata"]["creationTimestamp"])
