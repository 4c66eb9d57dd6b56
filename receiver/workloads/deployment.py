"""Deployments: revisions are ReplicaSets; the undo is kubectl's, under a guard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from receiver.decision.templates import Template, clean_template, template_hash
from receiver.decision.values import Interval, Revision, Workload, WorkloadRef
from receiver.timestamps import parse_time
from receiver.workloads.kind import UndoRefusedError, WorldMovedError
from receiver.workloads.revisions import (
    created_at,
    is_controlled_by,
    label_selector,
    read_restored_by,
    stamped_rollout,
    template_writer,
)

API_VERSION = "apps/v1"
CLOCK_GRAIN = timedelta(seconds=1)

KEPT_ANNOTATIONS = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        names.REVISION_ANNOTATION,
        names.REVISION_HISTORY_ANNOTATION,
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "deprecated.deployment.rollback.to",
        "argocd.argoproj.io/tracking-id",
        "meta.helm.sh/release-name",
        "meta.helm.sh/release-namespace",
    }
)
"""Annotations that stay the live object's in an undo: kubectl's own list, and the marks of known owners."""


def deployment_path(ref: WorkloadRef) -> str:
    """The API path of the Deployment."""
    return object_path(API_VERSION, "deployments", ref.namespace, ref.name)


class DeploymentKind:
    """How Deployments are read and undone (see `WorkloadKind`)."""

    def read(self, api: Api, ref: WorkloadRef, now: datetime) -> Workload | None:
        """The Deployment with its ReplicaSets as revisions."""
        try:
            deployment = api.get(deployment_path(ref))
        except ApiError as error:
            if error.status == 404:
                return None
            raise
        replica_sets = api.get(
            object_path(API_VERSION, "replicasets", ref.namespace),
            labelSelector=label_selector(deployment["spec"]["selector"]),
        )
        return as_workload(deployment, replica_sets["items"], now)

    def undo(
        self, api: Api, workload: Workload, target: Revision, template: Template, restored_by: JsonObject
    ) -> JsonObject:
        """One JSON patch with `test` on uid and generation: every status write moves resourceVersion, not these."""
        operations = undo_operations(workload, target, template, restored_by)
        try:
            return api.json_patch(deployment_path(workload.ref), operations, fieldManager=names.FIELD_MANAGER)
        except ApiError as error:
            if error.status in (404, 409) or (error.status == 422 and _is_guard(error)):
                raise WorldMovedError(str(error)) from error
            if error.is_transient:
                raise
            raise UndoRefusedError(str(error)) from error


def undo_operations(
    workload: Workload, target: Revision, template: Template, restored_by: JsonObject
) -> list[JsonObject]:
    """The operations of the undo (RFC 6902): the guard, the template, the annotations one by one."""
    return [
        {"op": "test", "path": "/metadata/uid", "value": workload.uid},
        {"op": "test", "path": "/metadata/generation", "value": workload.generation},
        {"op": "replace", "path": "/spec/template", "value": clean_template(template)},
        *_annotation_operations(workload.annotations, target.annotations, restored_by),
    ]


def _is_guard(error: ApiError) -> bool:
    # A failed `test` comes back without field causes: "the server rejected our request due to an error in our request".
    return "is invalid:" not in error.message


def as_workload(deployment: JsonObject, replica_sets: list[JsonObject], now: datetime) -> Workload:
    """The values of a Deployment and those ReplicaSets that it controls. `now` closes an open rollout interval."""
    metadata, spec = deployment["metadata"], deployment["spec"]
    annotations = metadata.get("annotations") or {}
    wanted = template_hash(spec["template"])
    owned = [item for item in replica_sets if is_controlled_by(item, metadata["uid"])]
    revisions = tuple(sorted((r for r in map(_revision, owned) if r), key=lambda revision: revision.number))
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


def _annotation_operations(
    live: Mapping[str, str], target: Mapping[str, str], restored_by: JsonObject
) -> list[JsonObject]:
    """Take the target revision's annotations, except those that stay the live object's. One operation per key, so
    that an annotation which somebody writes meanwhile is not lost."""

    def stays(key: str) -> bool:
        ours = key.startswith(f"{names.GROUP}/") and key != names.RELEASE_ANNOTATION
        return key in KEPT_ANNOTATIONS or ours

    wanted = {key: value for key, value in target.items() if not stays(key)}
    if names.RELEASE_ANNOTATION in wanted:
        wanted[names.RELEASE_ANNOTATION] = _restamped(wanted[names.RELEASE_ANNOTATION], restored_by)
    wanted[names.RESTORED_BY_ANNOTATION] = json.dumps(restored_by, separators=(",", ":"))
    operations: list[JsonObject] = [] if live else [{"op": "add", "path": "/metadata/annotations", "value": {}}]
    operations += [
        {"op": "remove", "path": f"/metadata/annotations/{_escape(key)}"}
        for key in sorted(live)
        if key not in wanted and not stays(key)
    ]
    operations += [
        {"op": "add", "path": f"/metadata/annotations/{_escape(key)}", "value": value}
        for key, value in sorted(wanted.items())
        if live.get(key) != value
    ]
    return operations


def _restamped(stamp: str, restored_by: JsonObject) -> str:
    """The target's release facts, with the moment of this rollout."""
    try:
        return json.dumps({**json.loads(stamp), "rolloutBegan": restored_by["restoredAt"]}, separators=(",", ":"))
    except (ValueError, TypeError):
        return stamp  # Not one of ours to read; it counts for nothing then.


def _escape(key: str) -> str:
    """JSON pointer's escapes (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
