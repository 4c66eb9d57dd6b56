"""Values as the JSON that the releases API answers (`schemas.COMPONENTS`). Pure. No pod template is part of an answer:
an environment variable may be a secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from receiver import names
from receiver.decision.values import Interval, Revision, Workload
from receiver.releases.noting import Noted
from receiver.releases.opted_in import Found
from receiver.rollbacks.record import Rollback
from receiver.timestamps import format_time
from receiver.workloads.revisions import CLOCK_GRAIN
from receiver.workloads.stamp import ReleaseStamp, bounded_images, images_by_container, shown_facts, stamp_of_template

Json = dict[str, Any]

MOST_ROLLBACKS = 10


def noted_release(noted: Noted) -> Json:
    """The answer to a release that was noted."""
    return {
        **_name(noted.workload),
        "changed": noted.changed,
        "release": stamp_json(noted.stamp),
        "rolloutBegan": interval_json(noted.workload.rollout_began),
        "warnings": list(noted.warnings),
    }


def workload_json(found: Found, records: Iterable[Rollback]) -> Json:
    """One workload of the list, without its history."""
    workload = found.workload
    restored = workload.restored_by
    runs_restored = restored is not None and restored.template_hash == workload.template_hash
    newest = sorted(records, key=lambda record: (record.claimed_at, record.name), reverse=True)
    return {
        **_name(workload),
        "mode": str(found.mode),
        "modeFrom": found.mode_from,
        "problem": found.problem,
        "templateHash": workload.template_hash,
        "images": images_by_container(found.item["spec"]["template"]),
        "rolloutComplete": workload.rollout_complete,
        "release": _stamp_of(workload.annotations, workload.template_hash),
        "restored": {"rollback": restored.rollback, "at": format_time(restored.restored_at)}
        if restored is not None and runs_restored
        else None,
        "rollbacks": [_summary(record) for record in newest[:MOST_ROLLBACKS]],
    }


def releases_of(workload: Workload, records: list[Rollback]) -> Iterator[tuple[Revision, Interval, Json]]:
    """Each revision of a workload's history, the newest first, with when it was rolled out."""
    for revision in reversed(workload.revisions):
        is_current = workload.current is not None and revision.number == workload.current.number
        created = Interval(revision.created_at, revision.created_at + CLOCK_GRAIN)
        began = workload.rollout_began if is_current else created
        annotations = workload.annotations if is_current else revision.annotations
        hashed = revision.template_hash
        blaming = [r for r in records if r.blamed_hash == hashed and r.blamed_number in revision.numbers]
        yield (
            revision,
            began or created,
            {
                **_name(workload),
                "revision": revision.number,
                "revisions": list(revision.numbers),
                "templateHash": hashed,
                "images": images_by_container(revision.template),
                "current": is_current,
                "rolloutBegan": interval_json(began),
                "neverCompleted": revision.never_completed,
                "release": _stamp_of(annotations, hashed),
                "rollbacks": [_summary(r) for r in sorted(blaming, key=lambda r: (r.claimed_at, r.name))],
            },
        )


def record_json(record: Rollback) -> Json:
    """A Rollback as `metricops rollbacks list --output json` has it, without the target's template and labels."""
    target = {key: value for key, value in record.spec["target"].items() if key != "template"}
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.ROLLBACK_KIND,
        "metadata": {
            "name": record.name,
            "namespace": record.ref.namespace,
            "uid": record.uid,
            "creationTimestamp": record.created_at,
        },
        "spec": {**record.spec, "target": target},
        "status": dict(record.status),
    }


def stamp_json(stamp: ReleaseStamp) -> Json:
    """What a stamp says."""
    began = {"rolloutBegan": format_time(stamp.rollout_began)} if stamp.rollout_began else {}
    images = {"images": bounded_images(stamp.images)} if stamp.images else {}
    return {"templateHash": stamp.template_hash, **began, **images, **shown_facts(stamp)}


def interval_json(interval: Interval | None) -> Json | None:
    """A moment that is only known to lie between two others."""
    if interval is None:
        return None
    return {"earliest": format_time(interval.earliest), "latest": format_time(interval.latest)}


def _stamp_of(annotations: Any, template_hash: str) -> Json | None:
    stamp = stamp_of_template(annotations, template_hash)
    return stamp_json(stamp) if stamp is not None else None


def _name(workload: Workload) -> Json:
    ref = workload.ref
    return {"namespace": ref.namespace, "workload": {"kind": ref.kind, "name": ref.name}}


def _summary(record: Rollback) -> Json:
    return {"name": record.name, "phase": str(record.phase), "reason": record.reason or str(record.spec["reason"])}
