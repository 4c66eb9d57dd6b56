"""The PATCH of an undo: one for all kinds, RFC 6902 under a guard (docs/decisions/0006-three-kinds.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping

from receiver import names
from receiver.cluster.api import JsonObject
from receiver.decision.templates import Template, clean_template
from receiver.decision.values import Revision, Workload
from receiver.workloads.ownership import LAST_APPLIED, heirs, is_deployers, is_ours

KEPT_ANNOTATIONS = frozenset(
    {
        LAST_APPLIED,
        names.REVISION_ANNOTATION,
        names.REVISION_HISTORY_ANNOTATION,
        "deployment.kubernetes.io/desired-replicas",
        "deployment.kubernetes.io/max-replicas",
        "deprecated.deployment.rollback.to",
        "deprecated.daemonset.template.generation",
        "argocd.argoproj.io/tracking-id",
        "meta.helm.sh/release-name",
        "meta.helm.sh/release-namespace",
    }
)
"""Annotations that stay the live object's in an undo: kubectl's own list, and the marks of known owners."""

RELEASE_FACTS = frozenset({names.RELEASE_ANNOTATION, names.COMMIT_ANNOTATION, "kubernetes.io/change-cause"})


def stays_live(key: str) -> bool:
    """Whether an annotation is no fact of a release: it belongs to a controller, an owner, or our policy."""
    return key in KEPT_ANNOTATIONS or (is_ours(key) and key not in RELEASE_FACTS)


def undo_operations(
    workload: Workload, template: Template, annotations: Mapping[str, str], restored_by: JsonObject
) -> list[JsonObject]:
    """The operations of the undo: the guard, the template, the annotations one by one.

    The guard is the uid, the generation and the mode that were judged. `annotations` are those of the workload's
    release annotations that it shall have afterwards (`stays_live` is heeded here). last-applied-configuration comes
    to describe the restored release, under a `test` of its own: a change of annotations alone does not move every
    kind's generation.
    """
    live, template = workload.annotations, clean_template(template)
    wanted = {key: value for key, value in annotations.items() if not stays_live(key)}
    if names.RELEASE_ANNOTATION in wanted:
        wanted[names.RELEASE_ANNOTATION] = _restamped(wanted[names.RELEASE_ANNOTATION], restored_by)
    removed = [key for key in sorted(live) if key not in wanted and not stays_live(key)]
    after = {**{key: value for key, value in live.items() if key not in removed}, **wanted}
    left = heirs(
        workload.managed_fields,
        live,
        _cut_down(live, workload.current.template if workload.current else {}),
        _cut_down(after, template),
        KEPT_ANNOTATIONS,
    )
    note = {**restored_by, "heirs": list(left.others)} if left.others else restored_by
    wanted[names.RESTORED_BY_ANNOTATION] = json.dumps(note, separators=(",", ":"))
    tests: list[JsonObject] = []
    if left.last_applied is not None:
        tests.append({"op": "test", "path": annotation_pointer(LAST_APPLIED), "value": live[LAST_APPLIED]})
        wanted[LAST_APPLIED] = left.last_applied
    return [
        *guard(workload),
        *tests,
        {"op": "replace", "path": "/spec/template", "value": template},
        *([] if live else [{"op": "add", "path": "/metadata/annotations", "value": {}}]),
        *({"op": "remove", "path": annotation_pointer(key)} for key in removed),
        *(
            {"op": "add", "path": annotation_pointer(key), "value": value}
            for key, value in sorted(wanted.items())
            if live.get(key) != value
        ),
    ]


def release_annotations(workload: Workload, target: Revision) -> dict[str, str]:
    """The annotations after an undo where a revision remembers them only as of its creation.

    The release's facts are the target's. Of the others, what differs between the current revision and the target is
    the release's doing: it is taken back where it is still as the release left it, and goes only where the deployer
    put it there. Whatever else the live object has may be newer than both revisions, and stays.
    """
    bad = workload.current.annotations if workload.current else {}
    after = dict(workload.annotations)
    for key in {*bad, *target.annotations, *RELEASE_FACTS}:
        as_left = workload.annotations.get(key) == bad.get(key) and bad.get(key) != target.annotations.get(key)
        if not as_left and key not in RELEASE_FACTS:
            continue
        if key in target.annotations:
            after[key] = target.annotations[key]
        elif key in RELEASE_FACTS or is_deployers(workload.managed_fields, workload.annotations, key):
            after.pop(key, None)
    return after


def guard(workload: Workload) -> list[JsonObject]:
    """Test that the workload is as it was judged: uid, generation and mode.

    The mode is a label, and labels move no generation. None is a missing one.
    """
    mode: JsonObject = {"op": "test", "path": "/metadata/labels", "value": None}
    if workload.labels:
        label = "/metadata/labels/" + _escaped(names.MODE_LABEL)
        mode = {"op": "test", "path": label, "value": workload.labels.get(names.MODE_LABEL)}
    return [
        {"op": "test", "path": "/metadata/uid", "value": workload.uid},
        {"op": "test", "path": "/metadata/generation", "value": workload.generation},
        mode,
    ]


def _cut_down(annotations: Mapping[str, str], template: Template) -> JsonObject:
    return {"metadata": {"annotations": dict(annotations)}, "spec": {"template": template}}


def _restamped(stamp: str, restored_by: JsonObject) -> str:
    """The target's release facts, with the moment of this rollout."""
    try:
        return json.dumps({**json.loads(stamp), "rolloutBegan": restored_by["restoredAt"]}, separators=(",", ":"))
    except (ValueError, TypeError):
        return stamp  # Not one of ours to read; it counts for nothing then.


def annotation_pointer(key: str) -> str:
    """Where an annotation is, as a JSON pointer."""
    return "/metadata/annotations/" + _escaped(key)


def _escaped(key: str) -> str:
    """JSON pointer's escapes (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
