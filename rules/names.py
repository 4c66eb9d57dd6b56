"""The names that generated rules carry. Labels are read by the receiver; recordings by dashboards."""

from __future__ import annotations

API_VERSION = "metricops.dev/v1"
KIND = "ServiceLevelObjective"
WINDOW_PLACEHOLDER = "$window"
"""Stands in a query where the range goes: `rate(http_request_total[$window])`."""

# On workloads and namespaces: whoever deploys says how the release is judged.
RULE_ANNOTATION = "metricops.dev/rule"
SLO_ANNOTATION = "metricops.dev/slo"
RULES_LABEL = "metricops.dev/rules"
"""On a namespace: the annotations of its workloads become rules."""
RULES_ENABLED = "enabled"

# Labels of alerts.
NAMESPACE_LABEL = "namespace"
EXPORTED_NAMESPACE_LABEL = "exported_namespace"
"""Where a scrape that doesn't honour labels puts a series' own namespace."""
KIND_BY_LABEL = {"deployment": "Deployment", "statefulset": "StatefulSet", "daemonset": "DaemonSet"}
LABEL_BY_KIND = {kind: label for label, kind in KIND_BY_LABEL.items()}
UNDO_LABEL = "metricops"
UNDO_VALUE = "undo"
SEVERITY_LABEL = "severity"
SERVICE_LABEL = "service"
SLO_LABEL = "slo"
WINDOW_LABEL = "long_window"

# Names of alerts.
BURN_ALERT = "ErrorBudgetBurn"
RULE_ALERT = "DeployerRule"
# The next three follow the kind: DeploymentReleaseCrashes.
RELEASE_CRASHES_ALERT = "ReleaseCrashes"
RELEASE_NEVER_RUNS_ALERT = "ReleaseNeverRuns"
RELEASE_STUCK_ALERT = "ReleaseStuck"
READINESS_UNKNOWN_ALERT = "ReleaseReadinessUnknown"
ABSENT_ALERT = "SliAbsent"

# Recordings. The first three carry their window at the end: metricops:slo_error_ratio:rate5m.
ERROR_RATIO_RECORD = "metricops:slo_error_ratio:rate"
ERRORS_RECORD = "metricops:slo_errors:rate"
EVENTS_RECORD = "metricops:slo_events:rate"
OBJECTIVE_RECORD = "metricops:slo_objective:ratio"
BURN_RATE_RECORD = "metricops:slo_burn_rate:current"
BUDGET_REMAINING_RECORD = "metricops:slo_error_budget_remaining:ratio"

# Annotations of alerts.
SLI_ANNOTATION = "metricops_sli"
"""The SLI as an expression with the placeholder `$window`; the receiver asks it before and since a rollout."""
LIMIT_ANNOTATION = "metricops_limit"
"""The SLI above which it is bad: the alert's threshold as an error ratio."""
SHORT_WINDOW_ANNOTATION = "metricops_short_window"
"""The window to ask the SLI over."""
ERRORS_ANNOTATION = "metricops_errors"
"""Failed events per second, one series or many, with the placeholder `$window`."""
EVENTS_ANNOTATION = "metricops_events"
"""All events per second, likewise."""
CONDITION_ANNOTATION = "metricops_condition"
"""The comparison with a threshold alone, where the rule's expression also counts events."""
DEPLOYERS_WORDS_ANNOTATION = "metricops_rule"
"""A deployer's expression as it was written, before its selectors were confined to the workload's own series."""
WORST_DETECTION_ANNOTATION = "worst_detection_time"
WORST_RESET_ANNOTATION = "worst_reset_time"
OUTAGE_DETECTION_ANNOTATION = "outage_detection_time"
