"""The names that generated rules carry. Labels are read by the receiver; recordings by dashboards."""

from __future__ import annotations

NAMESPACE_LABEL = "namespace"
WORKLOAD_LABELS = ("deployment", "statefulset", "daemonset")
UNDO_LABEL = "metricops"
UNDO_VALUE = "undo"

SEVERITY_LABEL = "severity"
SLO_LABEL = "slo"
SERVICE_LABEL = "service"
WINDOW_LABEL = "long_window"

BURN_ALERT = "ErrorBudgetBurn"
SLI_ANNOTATION = "metricops_sli"

ERROR_RATIO_RECORD = "slo:error_ratio:rate"
OBJECTIVE_RECORD = "slo:objective:ratio"

API_VERSION = "metricops.dev/v1"
KIND = "ServiceLevelObjective"
WINDOW_PLACEHOLDER = "$window"
