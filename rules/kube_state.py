"""What kube-state-metrics (2.x) tells of a release: the newest pods of a workload, and whether they are ready.

It shows a Deployment's ReplicaSets with the time they were made and their replicas; whether a StatefulSet has an update
revision; how many pods of a DaemonSet are updated. Which revision a pod or a ReplicaSet is it does not show, unless it
is told to export labels and annotations. So the newest is taken for the release's: the ReplicaSet that was made last
and has replicas, or the pod that was made last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from rules import names
from rules.durations import format_duration

LOOK_BACK = timedelta(minutes=2)
"""A container that crashes waits and runs in turns: it counts as waiting for so long after it was seen to."""
STANDSTILL = timedelta(minutes=15)
"""StatefulSets and DaemonSets have no progress deadline; a Deployment's is ten minutes unless it says otherwise."""
AFTER_DEADLINE = timedelta(minutes=1)

WAITING = ("kube_pod_container_status_waiting_reason", "kube_pod_init_container_status_waiting_reason")
ALWAYS_THERE = (
    "kube_deployment_created",
    "kube_deployment_status_condition",
    "kube_deployment_status_replicas",
    "kube_deployment_status_replicas_available",
    "kube_deployment_status_replicas_updated",
    "kube_pod_created",
    "kube_pod_owner",
    "kube_replicaset_created",
    "kube_replicaset_owner",
    "kube_replicaset_spec_replicas",
)
"""What every cluster has series of, kube-state-metrics' own at least."""

POD = "namespace, pod, uid"
"""The labels that tell pods apart: one that is made anew under the same name has another uid."""


@dataclass(frozen=True, slots=True)
class WorkloadKind:
    """What differs by the kind of workload: the newest release's pods, and what says that it is not ready.

    `pods` has the labels namespace, pod, uid and the workload's; the other two are true by having a series.
    """

    label: str
    pods: str
    unready: str
    stuck: str
    stuck_for: timedelta
    stuck_because: str
    stuck_found_in: timedelta | None


@dataclass(frozen=True, slots=True)
class Selection:
    """Series of kube-state-metrics in some namespaces.

    Where a scrape doesn't honour its labels, `namespace` is kube-state-metrics' own and the workload's stands in
    `exported_namespace`: such series would blame the wrong workload, and are left out.
    """

    namespaces: tuple[str, ...]

    def __call__(self, metric: str, *matchers: str) -> str:
        """The series of one metric, as a selector."""
        chosen = [f'{names.EXPORTED_NAMESPACE_LABEL}=""']
        if len(self.namespaces) == 1:
            chosen.append(f'{names.NAMESPACE_LABEL}="{self.namespaces[0]}"')
        elif self.namespaces:
            chosen.append(f'{names.NAMESPACE_LABEL}=~"{"|".join(self.namespaces)}"')
        return f"{metric}{{{','.join([*chosen, *matchers])}}}"

    def one(self, by: str, metric: str, *matchers: str) -> str:
        """One series per object, however many replicas of kube-state-metrics there are, or were a minute ago."""
        return f"max by ({by}) ({self(metric, *matchers)})"

    def owned_by(self, kind: str, label: str) -> str:
        """The pods that a controller of this kind owns, with its name as a label."""
        matchers = (f'owner_kind="{kind}"', 'owner_is_controller="true"')
        owned = self.one(f"{POD}, owner_name", "kube_pod_owner", *matchers)
        return f'label_replace({owned}, "{label}", "$1", "owner_name", "(.+)")'


def workload_kinds(select: Selection) -> tuple[WorkloadKind, ...]:
    """Each kind of workload, as these series tell of it."""
    return (_deployment(select), _statefulset(select), _daemonset(select))


def _deployment(select: Selection) -> WorkloadKind:
    """Its newest release is the ReplicaSet that was made last, of those that are to have pods.

    One that an undo has taken up again was made earlier than the one that it replaces; while that one still has pods,
    it is taken for the newest.
    """
    by = "namespace, deployment"
    owner = select.one(
        "namespace, replicaset, owner_name",
        "kube_replicaset_owner",
        'owner_kind="Deployment"',
        'owner_is_controller="true"',
    )
    newest = (
        f"topk by ({by}) (1, {select.one('namespace, replicaset', 'kube_replicaset_created')} "
        "* on (namespace, replicaset) group_left (deployment) "
        f'label_replace({owner}, "deployment", "$1", "owner_name", "(.+)") '
        f"and on (namespace, replicaset) {select.one('namespace, replicaset', 'kube_replicaset_spec_replicas')} > 0)"
    )
    pods = (
        f"{select.owned_by('ReplicaSet', 'replicaset')} * on (namespace, replicaset) group_left (deployment) ({newest})"
    )
    older = (
        f"{select.one(by, 'kube_deployment_status_replicas')} "
        f"> {select.one(by, 'kube_deployment_status_replicas_updated')}"
    )
    return WorkloadKind(
        "deployment",
        pods,
        f"{older}\nor\n{_none_ready(select, by, 'kube_deployment_status_replicas_available')}",
        select.one(by, "kube_deployment_status_condition", 'condition="Progressing"', 'status="false"') + " > 0",
        AFTER_DEADLINE,
        "It has not become ready within its progressDeadlineSeconds (or its ReplicaSet cannot be made).",
        None,
    )


def _statefulset(select: Selection) -> WorkloadKind:
    """A release is under way while update and current revision differ; its pods are replaced one at a time.

    With updateStrategy OnDelete or a partition, it is under way until somebody ends it.
    """
    by = "namespace, statefulset"
    under_way = (
        f"max by ({by}) ({select('kube_statefulset_status_update_revision')} "
        f"unless on ({by}, revision) {select('kube_statefulset_status_current_revision')})"
    )
    return WorkloadKind(
        "statefulset",
        _newest_pod(select, "StatefulSet", "statefulset"),
        f"{under_way}\nor\n{_none_ready(select, by, 'kube_statefulset_status_replicas_ready')}",
        _standing_still(
            by,
            f"{select.one(by, 'kube_statefulset_replicas')} "
            f"- {select.one(by, 'kube_statefulset_status_replicas_ready')}",
            under_way,
            select("kube_statefulset_status_replicas_updated"),
        ),
        STANDSTILL,
        "{{ $value }} of its pods are not ready, and no further one was updated.",
        LOOK_BACK + STANDSTILL,
    )


def _daemonset(select: Selection) -> WorkloadKind:
    """A release is under way while some of its pods are updated and some are not; all new pods are of the new one."""
    by = "namespace, daemonset"
    updated = select.one(by, "kube_daemonset_status_updated_number_scheduled")
    desired = select.one(by, "kube_daemonset_status_desired_number_scheduled")
    under_way = f"({updated} > 0 < {desired})"
    return WorkloadKind(
        "daemonset",
        _newest_pod(select, "DaemonSet", "daemonset"),
        f"{under_way}\nor\n{_none_ready(select, by, 'kube_daemonset_status_number_available')}",
        _standing_still(
            by,
            f"{desired} - {select.one(by, 'kube_daemonset_status_number_available')}",
            under_way,
            select("kube_daemonset_status_updated_number_scheduled"),
        ),
        STANDSTILL,
        "{{ $value }} of its pods are not available, and no further one was updated.",
        LOOK_BACK + STANDSTILL,
    )


def _newest_pod(select: Selection, kind: str, label: str) -> str:
    return (
        f"topk by (namespace, {label}) (1, {select.one(POD, 'kube_pod_created')} "
        f"* on ({POD}) group_left ({label}) {select.owned_by(kind, label)})"
    )


def _none_ready(select: Selection, by: str, metric: str) -> str:
    """At some moment of the last minutes there was no pod that serves: then no older one does either."""
    return f"min by ({by}) (min_over_time({select(metric)}[{format_duration(LOOK_BACK)}])) == 0"


def _standing_still(by: str, missing: str, under_way: str, updated: str) -> str:
    moved = f"max by ({by}) (changes({updated}[{format_duration(LOOK_BACK)}]))"
    return f"({missing} > 0)\nand on ({by})\n{under_way}\nand on ({by})\n{moved} == 0"
