"""Alerts on releases that never become ready: the old pods go on serving, so no SLI ever shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from rules import names
from rules.durations import format_duration
from rules.group import AlertRule, RuleGroup, RuleSet
from rules.kube_state import ALWAYS_THERE, LOOK_BACK, POD, WAITING, Selection, WorkloadKind, workload_kinds

NAME = "metricops-readiness"
SEVERITY = "ticket"
HOLD = 3 * LOOK_BACK
"""Crashes must go on for twice the look back: a start that goes well after a crash or two takes less."""
ABSENT_FOR = timedelta(minutes=15)

CRASHES = ("CrashLoopBackOff", "RunContainerError")
NEVER_RAN = (
    "CreateContainerConfigError",
    "CreateContainerError",
    "ErrImageNeverPull",
    "ErrImagePull",
    "ImageInspectError",
    "ImagePullBackOff",
    "InvalidImageName",
)
"""Reasons for which the kubelet keeps a container waiting. Each set is taken as one: a container goes to and fro."""


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What can keep a release from becoming ready: its alert's name, how it shows, and what people are told.

    `found_in` is how long it goes unnoticed at the most; None where the workload itself says how long.
    """

    alert: str
    expression: str
    hold: timedelta
    what: str
    because: str
    found_in: timedelta | None


def release_readiness(namespaces: Sequence[str] = (), *, undo: bool = False) -> RuleSet:
    """The rules for all workloads of these namespaces, or of all; with `undo`, the alerts may undo a rollout.

    The expressions have a value, 0, for a workload that is well: so the receiver can ask how it was before a rollout.
    """
    select = Selection(tuple(namespaces))
    alerts = [
        _alert(kind, trouble, select, undo) for kind in workload_kinds(select) for trouble in _troubles(kind, select)
    ]
    only = namespaces[0] if len(namespaces) == 1 else ""
    group = RuleGroup(f"readiness/{only}" if only else "readiness", (*alerts, _absence()))
    return RuleSet(NAME, only, {}, (group,))


def _troubles(kind: WorkloadKind, select: Selection) -> tuple[_Trouble, ...]:
    return (
        _Trouble(
            names.RELEASE_CRASHES_ALERT,
            _waiting(select, kind, CRASHES),
            HOLD,
            "crashes again and again",
            "{{ $value }} of its newest pods crash-loop, and the release has not become ready.",
            HOLD,
        ),
        _Trouble(
            names.RELEASE_NEVER_RUNS_ALERT,
            _waiting(select, kind, NEVER_RAN),
            HOLD,
            "cannot be started",
            "{{ $value }} of its newest pods wait for an image or a configuration that they do not get, and the "
            "release has not become ready.",
            HOLD,
        ),
        _Trouble(
            names.RELEASE_STUCK_ALERT, kind.stuck, kind.stuck_for, "is stuck", kind.stuck_because, kind.stuck_found_in
        ),
    )


def _waiting(select: Selection, kind: WorkloadKind, reasons: Sequence[str]) -> str:
    """How many of the newest release's pods have a container that waits for one of these reasons, where any has."""
    by = f"namespace, {kind.label}"
    matcher = f'reason=~"{"|".join(reasons)}"'
    span = format_duration(LOOK_BACK)
    seen = " or ".join(f"max_over_time({select(metric, matcher)}[{span}])" for metric in WAITING)
    return (
        f"count by ({by}) (\n"
        f"  {kind.pods}\n"
        f"  and on ({POD}) max by ({POD}) ({seen}) > 0\n"
        ")\n"
        f"and on ({by})\n(\n{kind.unready}\n)"
    )


def _alert(kind: WorkloadKind, trouble: _Trouble, select: Selection, undo: bool) -> AlertRule:
    kind_name = names.KIND_BY_LABEL[kind.label]
    whom = f"{{{{ $labels.{names.NAMESPACE_LABEL} }}}}/{{{{ $labels.{kind.label} }}}}"
    well = f"0 * {select.one(f'namespace, {kind.label}', f'kube_{kind.label}_created')}"
    return AlertRule(
        # The kind is in the name: to the receiver, two rules of one name would be one.
        f"{kind_name}{trouble.alert}",
        f"(\n{trouble.expression}\nor\n{well}\n) > 0",
        trouble.hold,
        {names.SEVERITY_LABEL: SEVERITY, **({names.UNDO_LABEL: names.UNDO_VALUE} if undo else {})},
        {
            "summary": f"The release of {kind_name} {whom} {trouble.what}.",
            "description": f"{trouble.because} As long as older pods serve, no SLI shows it. "
            f"See its pods: kubectl describe {kind.label} -n {whom.replace('/', ' ')}",
            **({names.WORST_DETECTION_ANNOTATION: format_duration(trouble.found_in)} if trouble.found_in else {}),
            names.WORST_RESET_ANNOTATION: format_duration(LOOK_BACK),
        },
    )


def _absence() -> AlertRule:
    missing = "\nor\n".join(f'absent({metric}{{{names.EXPORTED_NAMESPACE_LABEL}=""}})' for metric in ALWAYS_THERE)
    return AlertRule(
        names.READINESS_UNKNOWN_ALERT,
        missing,
        ABSENT_FOR,
        {names.SEVERITY_LABEL: SEVERITY},
        {
            "summary": "A release that never becomes ready would go unnoticed.",
            "description": "Prometheus lacks metrics of kube-state-metrics that tell of it: it is down, some are "
            "filtered away, or its scrape does not honour labels (honor_labels, honorLabels).",
        },
    )
