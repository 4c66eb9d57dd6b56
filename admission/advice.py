"""What whoever deploys is told: what would make an undo impossible or wrong, while there is time to mend it.

A warning that isn't so is worse than none: each is about what the request and its namespace say themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from admission.images import is_mutable
from admission.judgement import RuleJudgement, why_unreadable
from admission.review import AdmissionRequest
from admission.stamping import annotations_of, template_of
from receiver import names
from receiver.decision.owners import gitops_owner
from receiver.decision.policy import InvalidPolicy, effective_policy
from receiver.decision.values import Defaults, Mode, NamespaceFacts, Workload, WorkloadRef
from receiver.workloads.ownership import LAST_APPLIED, is_deployers, main_applier
from receiver.workloads.revisions import controlling_owner
from receiver.workloads.stamp import images_by_container

MOST_IMAGES_NAMED = 3
NOTHING_SAID = NamespaceFacts({}, {})


class About(StrEnum):
    """What a notice is about: the label of a metric."""

    POLICY = "policy"
    RULE = "rule"
    """A rule that can't be used."""
    ADVICE = "advice"
    """A rule that is worth a second thought."""
    OWNER = "owner"
    HISTORY = "history"
    IMAGE = "image"
    ROOM = "room"
    STAMP = "stamp"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that whoever deploys is to be told."""

    about: About
    text: str


def notices(request: AdmissionRequest, namespace: NamespaceFacts | None, rules: RuleJudgement) -> tuple[Notice, ...]:
    """What there is to tell; nothing of a workload that is not opted in, but of its rules: those are for people too.

    `namespace` is None where it is not known.
    """
    of_rules = [
        *(Notice(About.RULE, f"metricops: {request.title}: {text}") for text in rules.problems),
        *(Notice(About.ADVICE, f"metricops: {request.title}: {text}") for text in rules.advice),
    ]
    workload = _workload(request)
    invalid, mode = _policy(workload, namespace or NOTHING_SAID)
    if mode is Mode.DISABLED and not invalid and (namespace is not None or workload.labels):
        return tuple(of_rules)
    unreadable = why_unreadable(request, namespace)
    told = [Notice(About.POLICY, f"metricops: {text}") for text in [*invalid, *filter(None, [unreadable])]]
    told += of_rules
    for look in _LOOKS:
        told += (Notice(about, f"metricops: {request.title}: {text}") for about, text in look(request, workload))
    return tuple(told)


def _workload(request: AdmissionRequest) -> Workload:
    """What the request says of the workload; it has no history here."""
    metadata = request.item["metadata"]
    return Workload(
        ref=WorkloadRef(request.kind, request.namespace, request.name),
        uid="",
        generation=0,
        labels=metadata.get("labels") or {},
        annotations=annotations_of(request.item),
        template_hash="",
        revisions=(),
        current=None,
        rollout_began=None,
        rollout_complete=False,
        paused=False,
        controlled_by=controlling_owner(metadata),
    )


def _policy(workload: Workload, namespace: NamespaceFacts) -> tuple[list[str], Mode]:
    """Everything of the policy that can't be read, as the receiver reads it, and the mode that is left."""
    invalid: list[str] = []
    while True:
        try:
            return invalid, effective_policy(workload, namespace, Defaults()).mode
        except InvalidPolicy as error:
            invalid.append(str(error))
            workload = replace(
                workload,
                labels=_without(workload.labels, error.key),
                annotations=_without(workload.annotations, error.key),
            )
            namespace = replace(
                namespace,
                labels=_without(namespace.labels, error.key),
                annotations=_without(namespace.annotations, error.key),
            )


def _without(texts: Mapping[str, str], key: str) -> dict[str, str]:
    return {name: text for name, text in texts.items() if name != key}


Told = Iterator[tuple[About, str]]


def _owner(_request: AdmissionRequest, workload: Workload) -> Told:
    if workload.controlled_by:
        yield About.OWNER, f"controlled by {workload.controlled_by}: its releases are not undone"
    tool = gitops_owner(workload)
    if tool:
        yield About.OWNER, f"owned by {tool}, which would revert an undo: none is made"


def _history(request: AdmissionRequest, _workload: Workload) -> Told:
    if request.item["spec"].get("revisionHistoryLimit") == 0:
        yield About.HISTORY, "revisionHistoryLimit is 0: no revision is kept that an undo could bring back"


def _images(request: AdmissionRequest, _workload: Workload) -> Told:
    images = images_by_container(template_of(request.item))
    mutable = [f"{name}: image {image}" for name, image in images.items() if is_mutable(image)]
    for one in mutable[:MOST_IMAGES_NAMED]:
        yield About.IMAGE, f"container {one} has no fixed tag: an undo may give the same image back"
    if len(mutable) > MOST_IMAGES_NAMED:
        yield About.IMAGE, f"{len(mutable) - MOST_IMAGES_NAMED} more containers have images without a fixed tag"


def _stamp_in_manifest(request: AdmissionRequest, _workload: Workload) -> Told:
    entries, annotations = request.item["metadata"].get("managedFields") or [], annotations_of(request.item)
    # Who writes without applying sends what it read, as kubectl's undo does, and compares nothing.
    is_applied = main_applier(entries) is not None or LAST_APPLIED in annotations
    if is_applied and is_deployers(entries, annotations, names.RELEASE_ANNOTATION):
        what = f"the manifest has annotation {names.RELEASE_ANNOTATION}, which is ours to write"
        yield About.STAMP, f"{what}: leave it out, or every comparison finds a difference"


_LOOKS: tuple[Callable[[AdmissionRequest, Workload], Told], ...] = (_owner, _history, _images, _stamp_in_manifest)
