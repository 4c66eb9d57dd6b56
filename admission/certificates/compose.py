"""Put the upkeep of the certificates together from its parts."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from admission.certificates.contents import serving_pem
from admission.certificates.issuing import Issuer
from admission.certificates.keeper import Keeper, Upkeep
from admission.certificates.lifetimes import Lifetimes
from admission.certificates.metrics import CertificateMetrics
from admission.certificates.publishing import WebhookConfiguration
from admission.certificates.secret import CertificateSecret
from admission.certificates.served import ServedContext
from admission.settings import AdmissionSettings
from receiver import names
from receiver.cluster.api import Api


def compose_upkeep(api: Api, settings: AdmissionSettings, served: ServedContext, metrics: CertificateMetrics) -> Upkeep:
    """Build it; nothing runs until it is started."""
    lifetimes = Lifetimes(settings.lifetime, eagerness=secrets.randbelow(1001) / 1000)
    configuration = WebhookConfiguration(api, names.ADMISSION_CONFIGURATION)
    keeper = Keeper(
        CertificateSecret(api, settings.namespace, names.ADMISSION_SECRET),
        configuration,
        served.put,
        metrics,
        names=settings.server_names,
        lifetimes=lifetimes,
        now=lambda: api.server_time or datetime.now(UTC),
    )
    return Upkeep(keeper, configuration, lifetimes)


def placeholder(settings: AdmissionSettings, now: datetime) -> bytes:
    """A certificate with its key (PEM) that nobody trusts: it keeps the port open until there is another."""
    return serving_pem(Issuer(settings.server_names, Lifetimes(settings.lifetime)).placeholder(now))
