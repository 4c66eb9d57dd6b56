"""The receiver's metrics: a public API with bounded label values (docs/reference/metrics.md)."""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from receiver.decision.phases import Phase
from receiver.decision.reasons import ALL_REASONS
from receiver.intake.envelope import FORMATS, STATUSES
from receiver.rollbacks.record import Rollback

MALFORMED = "malformed"
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)


class DeliveryOutcome(StrEnum):
    """What became of a webhook call."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    RETRY = "retry"
    OVERLOAD = "overload"


class Metrics:
    """All metrics of one receiver, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        deliveries = self._counter("metricops_deliveries", "Webhook calls.", "format", "outcome")
        # What every delivery counts has its children at hand, and shows them as 0 from the start.
        self.deliveries = {
            (kind, outcome): deliveries.labels(kind, outcome) for kind in FORMATS for outcome in DeliveryOutcome
        }
        self.delivery_seconds = Histogram(
            "metricops_delivery_seconds", "Time to answer a webhook call.", buckets=SECONDS, registry=self.registry
        )
        alerts = self._counter("metricops_alerts", "Alerts received.", "status")
        self.alerts = {status: alerts.labels(status) for status in (*STATUSES, MALFORMED)}
        self.truncated_alerts = self._counter(
            "metricops_truncated_alerts", "Alerts that Alertmanager left out of its deliveries (max_alerts)."
        )
        decisions = self._counter("metricops_decisions", "Decisions about alerts.", "reason")
        self.decisions = {reason.word: decisions.labels(reason.word) for reason in ALL_REASONS}
        self.transitions = self._counter("metricops_rollbacks", "Rollbacks that entered a phase.", "phase")
        self.alert_to_claim_seconds = Histogram(
            "metricops_alert_to_claim_seconds",
            "From the alert's startsAt to the claim.",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.alert_to_undo_seconds = Histogram(
            "metricops_alert_to_undo_seconds",
            "From the alert's startsAt to the accepted undo.",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.kubernetes_requests = self._counter(
            "metricops_kubernetes_requests", "Requests to the API server.", "verb", "resource", "code"
        )
        self.source_up = Gauge(
            "metricops_source_up", "Whether the source answered when last asked.", ["source"], registry=self.registry
        )
        self.api_requests = self._counter(
            "metricops_api_requests", "Requests of the releases API that were answered.", "operation", "code"
        )
        self.pruned = self._counter("metricops_pruned_rollbacks", "Old Rollbacks that were deleted.")
        self.sweep_failures = self._counter(
            "metricops_sweep_failures", "Searches for unfinished Rollbacks that failed."
        )
        self.records = RecordsCollector()
        self.registry.register(self.records)
        for phase in Phase:
            self.transitions.labels(phase)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)

    def request_done(self, verb: str, path: str, code: str) -> None:
        """Count a request to the API server (an `Observer` of `Api`)."""
        self.kubernetes_requests.labels(verb, resource_of(path), code).inc()


class RecordsCollector(Collector):
    """Gauges that are made anew from each look at all records, so that nothing stale stays."""

    def __init__(self) -> None:
        self._phases: dict[Phase, int] = dict.fromkeys(Phase, 0)
        self._restored: tuple[Rollback, ...] = ()

    def show(self, rollbacks: list[Rollback], restored: list[Rollback]) -> None:
        """Take over a new look: all records, and those whose restored template is what runs now."""
        self._phases = dict.fromkeys(Phase, 0)
        for rollback in rollbacks:
            self._phases[rollback.phase] += 1
        self._restored = tuple(restored)

    def collect(self) -> list[GaugeMetricFamily]:
        """The gauges (prometheus_client's protocol for collectors)."""
        phases = GaugeMetricFamily("metricops_rollbacks_current", "Rollbacks that are in a phase.", labels=["phase"])
        for phase, count in self._phases.items():
            phases.add_metric([str(phase)], count)
        restored = GaugeMetricFamily(
            "metricops_workload_restored",
            "1 while a workload runs a restored revision: production is not running what was released.",
            labels=["namespace", "kind", "name", "rollback"],
        )
        for rollback in self._restored:
            ref = rollback.ref
            restored.add_metric([ref.namespace, ref.kind, ref.name, rollback.name], 1)
        return [phases, restored]


def resource_of(path: str) -> str:
    """The resource that an API path speaks of, with its subresource: `deployments`, `rollbacks/status`.

    Only names from the API's own grammar come out, so the label stays bounded.
    """
    parts = path.strip("/").split("/")
    rest = parts[2:] if parts[0] == "api" else parts[3:]
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        rest = rest[2:]
    if not rest:
        return "other"
    return rest[0] if len(rest) < 3 else f"{rest[0]}/{rest[2]}"
