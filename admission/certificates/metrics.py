"""What tells how the certificates are."""

from __future__ import annotations

import math

from prometheus_client import CollectorRegistry, Counter, Gauge

from admission.certificates.upkeep import Action


class CertificateMetrics:
    """The metrics of one replica. Where others keep the certificates, only the first says something."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.expiry = Gauge(
            "metricops_admission_certificate_expiry_timestamp_seconds",
            "When the webhook's certificate runs out; 0 where there is none.",
            registry=registry,
        )
        steps = Counter(
            "metricops_admission_certificate_steps",
            "What this replica did to the certificates in the Secret.",
            ["action"],
            registry=registry,
        )
        self.steps = {action: steps.labels(action) for action in Action if action is not Action.KEEP}
        self.failures = Counter(
            "metricops_admission_certificate_failures",
            "Looks at the certificates after which something was not as it should be.",
            registry=registry,
        )
        self.published = Gauge(
            "metricops_admission_ca_published",
            "Whether the webhook's configuration holds its own authorities (1, 0); NaN where others keep certificates.",
            registry=registry,
        )
        self.published.set(math.nan)
