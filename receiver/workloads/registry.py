"""Which kinds of workload there are."""

from __future__ import annotations

from receiver.workloads.daemonset import DaemonSetKind
from receiver.workloads.deployment import DeploymentKind
from receiver.workloads.kind import WorkloadKind
from receiver.workloads.statefulset import StatefulSetKind

KINDS: dict[str, WorkloadKind] = {
    "Deployment": DeploymentKind(),
    "StatefulSet": StatefulSetKind(),
    "DaemonSet": DaemonSetKind(),
}
