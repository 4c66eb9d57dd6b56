"""The webhook's metrics: a public API with bounded label values (docs/reference/metrics.md)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.process_collector import ProcessCollector

from admission.admit import KINDS, Outcome
from admission.advice import About
from admission.certificates.metrics import CertificateMetrics
from receiver.metrics import resource_of

OTHER_KIND = "other"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class AdmissionMetrics:
    """All metrics of one webhook, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        requests = Counter(
            "metricops_admission_requests",
            "Requests of the API server, by what became of them.",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self._requests = {
            (kind, outcome): requests.labels(kind, outcome) for kind in (*KINDS, OTHER_KIND) for outcome in Outcome
        }
        told = Counter(
            "metricops_admission_warnings",
            "Warnings to whoever deploys, by what they are about.",
            ["about"],
            registry=self.registry,
        )
        self.warnings = {about: told.labels(about) for about in About}
        self.seconds = Histogram(
            "metricops_admission_seconds",
            "Time to answer the API server.",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.certificates = CertificateMetrics(self.registry)
        self.kubernetes_requests = Counter(
            "metricops_kubernetes_requests",
            "Requests to the API server.",
            ["verb", "resource", "code"],
            registry=self.registry,
        )

    def request_judged(self, kind: str, outcome: Outcome) -> None:
        """Count a request."""
        self._requests[kind if kind in KINDS else OTHER_KIND, outcome].inc()

    def request_done(self, verb: str, path: str, code: str) -> None:
        """Count a request to the API server (an `Observer` of `Api`)."""
        self.kubernetes_requests.labels(verb, resource_of(path), code).inc()
