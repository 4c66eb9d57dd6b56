"""The annotations of workloads into PrometheusRule objects that are theirs: `metricops rules reconcile`."""
