"""The demo: the main job live, told with times, and judged by the cluster and Prometheus themselves."""
