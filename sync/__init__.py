"""Rule objects of a cluster into the rule files of a plain Prometheus: what prometheus-operator does where it runs."""
