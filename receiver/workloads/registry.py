"""Which kinds of workload there are."""

from __future__ import annotations

from receiver.workloads.deployment import DeploymentKind
from receiver.workloads.kind import WorkloadKind

KINDS: dict[str, WorkloadKind] = {"Deployment": DeploymentKind()}
