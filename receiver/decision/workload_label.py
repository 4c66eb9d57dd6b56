"""Which workload an alert speaks of."""

from __future__ import annotations

from receiver import names
from receiver.decision.values import Alert, WorkloadRef


def named_workloads(alert: Alert) -> tuple[WorkloadRef, ...]:
    """All workloads that the alert's labels name: exactly one is wanted. Empty label values name nothing."""
    namespace = alert.labels.get(names.NAMESPACE_LABEL)
    if not namespace:
        return ()
    return tuple(
        WorkloadRef(kind, namespace, alert.labels[label])
        for label, kind in names.KIND_BY_LABEL.items()
        if alert.labels.get(label)
    )
