"""The embedded cluster: a real control plane, a stand-in node, Prometheus, Alertmanager and a sample app."""
