"""Deployments: revisions are ReplicaSets; the undo is kubectl's, under a guard."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from receiver import names
from receiver.cluster.api import JsonObject
from receiver.decision.templates import clean_template, template_hash
from receiver.decision.values import Interval, Revision, Workload, WorkloadRef
from receiver.timestamps import parse_time
from receiver.workloads.apps import AppsKind
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


class DeploymentKind(AppsKind):
    """How Deployments are read and undone."""

    kind = "Deployment"
    plural = "deployments"
    history = "replicasets"

    def as_workload(self, item: JsonObject, history: list[JsonObject], now: datetime) -> Workload:
        """See `as_workload`."""
        return as_workload(item, history, now)

    def restored_annotations(self, workload: Workload, target: Revision) -> Mapping[str, str]:
        """The target ReplicaSet's: the controller keeps a ReplicaSet's annotations like its Deployment's."""
        return target.annotations


def as_workload(deployment: JsonObject, replica_sets: list[JsonObject], now: datetime) -> Workload:
    """The values of a Deployment and those ReplicaSets that it controls. `now` closes an open rollout interval."""
    metadata, spec = deployment["metadata"], deployment["spec"]
    annotations = metadata.get("annotations") or {}
    wanted = template_hash(spec["template"])
    owned = [item for item in replica_sets if is_controlled_by(item, metadata["uid"])]
    with_pods = {item["metadata"]["name"] for item in owned if item["spec"].get("replicas")}
    revisions = tuple(sorted((r for r in map(_revision, owned) if r), key=lambda revision: revision.number))
    serving = [revision.number for revision in revisions if revision.name in with_pods]
    revisions = without_completion_after(revisions, min(serving, default=None))
    # With twins of the same template the controller takes the oldest.
    current = min(
        (revision for revision in revisions if revision.template_hash == wanted),
        key=lambda revision: revision.created_at,
        default=None,
    )
    return Workload(
        ref=WorkloadRef("Deployment", metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        generation=metadata["generation"],
        labels=metadata.get("labels") or {},
        annotations=annotations,
        template_hash=wanted,
        revisions=revisions,
        current=current,
        rollout_began=_rollout_began(deployment, revisions, current, now),
        rollout_complete=rollout_complete(deployment),
        paused=bool(spec.get("paused")),
        restored_by=read_restored_by(annotations),
        template_writer=template_writer(deployment),
        managed_fields=tuple(metadata.get("managedFields") or ()),
        controlled_by=controlling_owner(metadata),
    )


def rollout_complete(deployment: JsonObject) -> bool:
    """As `kubectl rollout status` has it: observed, all replicas updated and available, no old one left."""
    status, wanted = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    updated = status.get("updatedReplicas", 0)
    return bool(
        status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
        and updated >= wanted
        and status.get("replicas", 0) <= updated
        and status.get("availableReplicas", 0) >= updated
    )


def _revision(replica_set: JsonObject) -> Revision | None:
    annotations = replica_set["metadata"].get("annotations") or {}
    try:
        history = [int(n) for n in annotations.get(names.REVISION_HISTORY_ANNOTATION, "").split(",") if n]
        numbers = tuple(sorted({*history, int(annotations[names.REVISION_ANNOTATION])}))
    except (KeyError, ValueError):
        return None  # The controller has not numbered it yet.
    return Revision(
        numbers=numbers,
        name=replica_set["metadata"]["name"],
        template=clean_template(replica_set["spec"]["template"]),
        template_hash=template_hash(replica_set["spec"]["template"]),
        created_at=created_at(replica_set),
        annotations=annotations,
    )


def _rollout_began(
    deployment: JsonObject, revisions: tuple[Revision, ...], current: Revision | None, now: datetime
) -> Interval | None:
    if current is None:
        return None
    stamped = stamped_rollout(deployment["metadata"].get("annotations") or {}, current.template_hash)
    if stamped is not None:
        return stamped
    if not current.was_restored:
        return Interval(current.created_at, current.created_at + CLOCK_GRAIN)
    # A ReplicaSet that was taken up again keeps its age: the rollout began after the newest other one was made, and
    # before the Progressing condition says that it has ended.
    others = [revision.created_at for revision in revisions if revision is not current]
    earliest = max([current.created_at, *others])
    return Interval(earliest, max(earliest, _completed_at(deployment) or now))


def _completed_at(deployment: JsonObject) -> datetime | None:
    for condition in (deployment.get("status") or {}).get("conditions") or []:
        if condition["type"] == "Progressing" and condition.get("reason") == "NewReplicaSetAvailable":
            return parse_time(condition["lastUpdateTime"])
    return None
