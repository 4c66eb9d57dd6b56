"""The edge towards the source of the alerts: Prometheus, or anything with its API."""
