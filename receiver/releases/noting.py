"""Write down what a CD system says of the release that runs now: the stamp, and the deployer's own rule.

It describes the live template, and nothing else: when the rollout began is not said, because the workload's history
tells that to the second, and a moment that is written later could only be less exact (docs/decisions/0026-releases.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject
from receiver.decision.policy import InvalidPolicy, effective_policy
from receiver.decision.values import Defaults, Interval, Mode, NamespaceFacts, Workload
from receiver.intake.conformity import Problem
from receiver.releases.deployers_own import Annotations, Judged, judge
from receiver.releases.refusal import RefusedError
from receiver.releases.request import ReleaseRequest
from receiver.rollbacks.world import Clock, WorldReader
from receiver.workloads.kind import is_guard
from receiver.workloads.registry import KINDS
from receiver.workloads.stamp import TEXTS, ReleaseStamp, bounded_images, images_by_container, read_stamp
from receiver.workloads.undo import annotation_pointer, guard
from rules.deployer.confinement import Confinement
from rules.deployer.workload_rules import DEFAULT_CONFINEMENT

MOST_TRIES = 5
SOON_SECONDS = 2
OBSERVED_WITHIN = timedelta(minutes=1)
"""So late the controller may make the revision of a template that was noted already."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What now stands on a workload."""

    workload: Workload
    stamp: ReleaseStamp
    is_new: bool
    changed: bool
    warnings: tuple[str, ...] = ()


class ReleaseNotes:
    """Notes releases on opted-in workloads. `watched` is the one namespace with rights for us; empty: all of them."""

    def __init__(
        self,
        api: Api,
        reader: WorldReader,
        *,
        clock: Clock,
        watched: str = "",
        confinement: Confinement = DEFAULT_CONFINEMENT,
    ) -> None:
        self._api = api
        self._reader = reader
        self._clock = clock
        self._watched = watched
        self._confinement = confinement

    def note(self, request: ReleaseRequest) -> Noted:
        """Write down what is said of the live release. Can be repeated: the same again changes nothing.

        Raises `RefusedError`, and `ApiError` where the API server did not do its part.
        """
        namespace = request.ref.namespace
        if self._watched and namespace != self._watched:
            raise RefusedError(403, [Problem("namespace", repr(namespace), f"{self._watched}, the only one watched")])
        for _ in range(MOST_TRIES):
            workload = self._reader.workload(request.ref)
            if workload is None:
                raise RefusedError(404, [Problem("workload", f"no {request.ref}", "a workload that exists")])
            facts = self._reader.namespace(namespace)
            _check_opted_in(workload, facts, self._reader.defaults)
            images = _check_images(request, workload)
            own = judge(request.own, workload, facts, self._confinement) if request.own else Judged({})
            stamp, is_new = stamp_after(request.statements, workload, images, self._clock())
            wanted = {names.RELEASE_ANNOTATION: stamp.text(), **own.wanted}
            changes = {key: value for key, value in wanted.items() if workload.annotations.get(key) != value}
            if not changes:
                return Noted(workload, stamp, is_new=False, changed=False, warnings=own.advice)
            answer = self._write(workload, changes)
            if answer is not None:
                return Noted(workload, stamp, is_new, changed=True, warnings=own.advice + _not_kept(changes, answer))
        moved = Problem("workload", f"{request.ref}, changed {MOST_TRIES} times meanwhile", "one that stays as it is")
        raise RefusedError(409, [moved], retry_after=SOON_SECONDS)

    def _write(self, workload: Workload, changes: Annotations) -> JsonObject | None:
        """The PATCH; None where the workload is not any more as it was judged."""
        operations = note_operations(workload, changes)
        try:
            return self._api.json_patch(
                KINDS[workload.ref.kind].path(workload.ref), operations, fieldManager=names.FIELD_MANAGER
            )
        except ApiError as error:
            if error.status == 404 or is_guard(error):
                return None
            if error.status == 422:
                found = Problem("body", f"what the API server refuses: {error.message[:500]}", "what it takes")
                raise RefusedError(409, [found]) from error
            raise


def stamp_after(
    statements: Mapping[str, str], workload: Workload, images: Mapping[str, str], now: datetime
) -> tuple[ReleaseStamp, bool]:
    """The stamp of the live release with these statements, and whether it had none. What was known of it stays."""
    said: dict[str, Any] = {TEXTS[name]: text for name, text in statements.items()}
    known = read_stamp(workload.annotations)
    if known is None or known.template_hash != workload.template_hash or _is_earlier(known, workload.rollout_began):
        return ReleaseStamp(workload.template_hash, released_at=now, images=bounded_images(images), **said), True
    return replace(known, **said), False


def _is_earlier(stamp: ReleaseStamp, began: Interval | None) -> bool:
    """Whether a stamp is of an earlier rollout of the same template, which was left and has come back."""
    if stamp.held_back or stamp.rollout_began is not None or stamp.released_at is None or began is None:
        return False
    return stamp.released_at < began.earliest - OBSERVED_WITHIN


def note_operations(workload: Workload, changes: Annotations) -> list[JsonObject]:
    """The JSON patch that sets annotations and removes those that are None; the template is not touched.

    Annotations move no generation of a StatefulSet or DaemonSet: each that is written is tested to be as it was read.
    """
    live = workload.annotations
    if not live:
        return [
            *guard(workload),
            {"op": "test", "path": "/metadata/annotations", "value": None},
            {"op": "add", "path": "/metadata/annotations", "value": dict(changes)},
        ]
    return [
        *guard(workload),
        *({"op": "test", "path": annotation_pointer(key), "value": live.get(key)} for key in changes),
        *(
            {"op": "remove", "path": annotation_pointer(key)}
            if value is None
            else {"op": "add", "path": annotation_pointer(key), "value": value}
            for key, value in changes.items()
        ),
    ]


def _check_opted_in(workload: Workload, namespace: NamespaceFacts, defaults: Defaults) -> None:
    wanted = f"label {names.MODE_LABEL} on it or on its namespace, other than {Mode.DISABLED}"
    try:
        policy = effective_policy(workload, namespace, defaults)
    except InvalidPolicy as error:
        raise RefusedError(403, [Problem("workload", str(error), wanted)]) from error
    if policy.mode is Mode.DISABLED:
        found = f"{workload.ref}, {Mode.DISABLED} by {policy.mode_from}"
        raise RefusedError(403, [Problem("workload", found, wanted)])


def _check_images(request: ReleaseRequest, workload: Workload) -> dict[str, str]:
    """The live images by container. Raises `RefusedError` where the live release is not the one that is spoken of."""
    if workload.current is None:
        found = f"{workload.ref}, whose template has no revision yet" + (" (it is paused)" if workload.paused else "")
        expected = "a template that its controller has taken up"
        raise RefusedError(409, [Problem("workload", found, expected)], retry_after=SOON_SECONDS)
    images = images_by_container(workload.current.template)
    live = ", ".join(images.values())
    problems = [
        Problem(f"images[{index}]", repr(image), f"an image of the live template: {live}")
        for index, image in enumerate(request.images)
        if image not in images.values()
    ]
    if problems:
        raise RefusedError(409, problems, retry_after=SOON_SECONDS)
    return images


def _not_kept(changes: Annotations, answer: JsonObject) -> tuple[str, ...]:
    """An admission webhook may have put back what was there."""
    kept = answer["metadata"].get("annotations") or {}
    return tuple(
        f"annotation {key} was not kept: an admission webhook has set it otherwise"
        for key, value in changes.items()
        if kept.get(key) != value
    )
