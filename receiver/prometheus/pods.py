"""The pods of two releases that run side by side: asked about one moment, and told apart by their names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from receiver.decision.alike import PodEvents, are_alike, mean_ratio
from receiver.decision.evidence import SideBySide
from receiver.decision.values import Interval, Workload
from receiver.prometheus.promql import Series, pinned
from receiver.prometheus.sli import Sli

WARM_UP = timedelta(seconds=30)
"""What a new pod does in its first seconds is left out."""
COMPARED_OVER = timedelta(seconds=60)
SETTLED = timedelta(seconds=15)
"""By then the samples of a moment are in; asked earlier, the answer could still change."""
POD_LABEL = "pod"
POD_FAILED_PART, POD_EVENTS_PART = "pod_failed", "pod_events"


def compared_at(began: Interval) -> datetime:
    """The one moment of a rollout at which pods are compared: a test that is repeated errs more often than it says."""
    return began.latest + WARM_UP + COMPARED_OVER


def pod_parts(sli: Sli, workload: Workload, began: Interval, end: datetime, step: timedelta) -> dict[str, str]:
    """What asks for failed and all events by pod, at the last point of the range only; nothing where that is too early.

    Pods are told apart by the name of their ReplicaSet, which only a Deployment's pods have in theirs.
    """
    moment = compared_at(began)
    if workload.ref.kind != "Deployment" or not sli.errors or end < moment + SETTLED:
        return {}
    errors, events = (pinned(expression, COMPARED_OVER, moment) for expression in (sli.errors, sli.events))
    last = f"and on () (vector(time()) > {(end - step / 2).timestamp():.3f})"
    seconds = f"{COMPARED_OVER.total_seconds():g}"
    return {
        POD_FAILED_PART: f"sum by ({POD_LABEL}) ({errors}) * {seconds} {last}",
        POD_EVENTS_PART: f"sum by ({POD_LABEL}) ({events}) * {seconds} {last}",
    }


def compared(answer: Mapping[str, list[Series]], workload: Workload, began: Interval) -> SideBySide | None:
    """The comparison of the pods in the answer; None where there is too little to say."""
    current = workload.current
    if current is None:
        return None
    failed, events = (_by_pod(answer.get(part, [])) for part in (POD_FAILED_PART, POD_EVENTS_PART))
    earlier = {revision.name for revision in workload.revisions} - {current.name}
    old: list[PodEvents] = []
    new: list[PodEvents] = []
    for pod, number in events.items():
        replica_set = pod.rpartition("-")[0]
        if number > 0 and replica_set in {current.name, *earlier}:
            (new if replica_set == current.name else old).append(PodEvents(failed.get(pod, 0.0), number))
    alike = are_alike(old, new)
    if alike is None:
        return None
    return SideBySide(alike, mean_ratio(old), mean_ratio(new), len(old), len(new), compared_at(began))


def _by_pod(series: list[Series]) -> dict[str, float]:
    last = {one.labels.get(POD_LABEL, ""): one.samples[-1].value for one in series if one.samples}
    return {pod: value for pod, value in last.items() if pod and math.isfinite(value)}
