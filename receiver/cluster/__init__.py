"""The edge towards Kubernetes: everything that speaks to an API server."""
