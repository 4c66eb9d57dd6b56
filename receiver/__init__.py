"""The MetricOps receiver: firing alerts in, one rollout undo out."""
