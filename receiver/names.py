"""The names that users write or read: labels, annotations, the custom resource, the stop switch.

They are a public API (docs/reference): each stands here once.
"""

from __future__ import annotations

from rules.names import KIND_BY_LABEL, NAMESPACE_LABEL, SLI_ANNOTATION, UNDO_LABEL, UNDO_VALUE

__all__ = ["KIND_BY_LABEL", "NAMESPACE_LABEL", "SLI_ANNOTATION", "UNDO_LABEL", "UNDO_VALUE"]

GROUP = "metricops.dev"
API_VERSION = f"{GROUP}/v1"
ROLLBACK_KIND = "Rollback"
ROLLBACKS = "rollbacks"

FIELD_MANAGER = "metricops"
"""The manager that managedFields name for every write of ours."""

# Alert labels: those that rules carry stand with the rules.
ALERT_NAME_LABEL = "alertname"

# Labels and annotations on workloads and namespaces.
MODE_LABEL = f"{GROUP}/rollback"
COOLDOWN_ANNOTATION = f"{GROUP}/cooldown"
ATTRIBUTION_WINDOW_ANNOTATION = f"{GROUP}/attribution-window"
ACT_WITHIN_ANNOTATION = f"{GROUP}/act-within"
IRREVERSIBLE_ANNOTATION = f"{GROUP}/irreversible"
EVIDENCE_ANNOTATION = f"{GROUP}/evidence"
OBSERVE_FIRST_ANNOTATION = f"{GROUP}/observe-first"
MINIMUM_FAILED_EVENTS_ANNOTATION = f"{GROUP}/minimum-failed-events"
RELEASE_ANNOTATION = f"{GROUP}/release"
COMMIT_ANNOTATION = f"{GROUP}/commit"
"""Set by whoever deploys: the commit that the release was made from."""
RESTORED_BY_ANNOTATION = f"{GROUP}/restored-by"
INVALID_RULE_ANNOTATION = f"{GROUP}/invalid-rule"
"""On a namespace: what a workload whose rule can't be used comes to at admission, `warn` (the default) or `refuse`."""

# Labels on a Rollback, by which the records of a workload are found.
RECORD_KIND_LABEL = f"{GROUP}/workload-kind"
RECORD_NAME_LABEL = f"{GROUP}/workload-name"

# The stop switch.
CONTROL_CONFIGMAP = "metricops-control"
CONTROL_KEY = "undo"
CONTROL_RUN = "run"
CONTROL_STOP = "stop"

# The undos of the last hours, which budgets are counted by.
BUDGET_CONFIGMAP = "metricops-budget"
BUDGET_KEY = "undos"

DEFAULT_NAMESPACE = "metricops-system"

# The admission webhook's Service and MutatingWebhookConfiguration, and the Secret with its own certificates.
ADMISSION_SERVICE = "metricops-admission"
ADMISSION_CONFIGURATION = "metricops-admission"
ADMISSION_SECRET = "metricops-admission-tls"  # noqa: S105 - a name

# Annotations and labels that belong to Kubernetes' own controllers.
REVISION_ANNOTATION = "deployment.kubernetes.io/revision"
REVISION_HISTORY_ANNOTATION = "deployment.kubernetes.io/revision-history"
POD_TEMPLATE_HASH_LABEL = "pod-template-hash"
