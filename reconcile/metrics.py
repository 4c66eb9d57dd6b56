"""The reconciler's metrics; label values are bounded."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.process_collector import ProcessCollector

from receiver.metrics import resource_of


class Metrics:
    """All metrics of one reconciler, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        writes = self._counter("metricops_rule_object_writes", "PrometheusRules of workloads written.", "action")
        self.writes = {action: writes.labels(action) for action in ("write", "remove")}
        failures = self._counter("metricops_rule_object_failures", "Writes that did not succeed.", "reason")
        self.failures = {reason: failures.labels(reason) for reason in ("refused", "unavailable", "name-taken")}
        workloads = Gauge(
            "metricops_rule_workloads",
            "Workloads that ask for rules, by whether their annotations can be used.",
            ["state"],
            registry=self.registry,
        )
        self._states = {state: workloads.labels(state) for state in ("valid", "invalid")}
        self._requests = self._counter(
            "metricops_kubernetes_requests", "Requests to the API server.", "verb", "resource", "code"
        )

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)

    def show(self, valid: int, invalid: int) -> None:
        """Take over what a pass has seen."""
        self._states["valid"].set(valid)
        self._states["invalid"].set(invalid)

    def request_done(self, verb: str, path: str, code: str) -> None:
        """Count a request to the API server (an `Observer` of `Api`)."""
        self._requests.labels(verb, resource_of(path), code).inc()
