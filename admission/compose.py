"""Put the webhook together from its parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from admission.admit import Verdict, admit
from admission.app import create_app
from admission.certificates.compose import compose_upkeep
from admission.certificates.keeper import Upkeep
from admission.certificates.served import ServedContext, expiry_of_file
from admission.metrics import AdmissionMetrics
from admission.review import AdmissionRequest
from admission.settings import AdmissionSettings
from receiver.cluster.api import Api, JsonObject
from receiver.cluster.watched import Watched
from receiver.decision.values import NamespaceFacts
from receiver.rollbacks.world import watch_namespaces


class Namespaces:
    """What namespaces say of themselves, as of a moment ago."""

    def __init__(self, watched: Watched[JsonObject]) -> None:
        self._watched = watched
        self._were_listed = False

    def were_listed(self) -> bool:
        """Whether they ever were. That stays so: a stamp needs nothing of them, and an outage of the API server must
        not take the webhook away."""
        self._were_listed = self._were_listed or self._watched.is_current
        return self._were_listed

    def facts(self, name: str) -> NamespaceFacts | None:
        """A namespace's labels and annotations; None where nothing is known of it now."""
        known = self._watched.get("", name) if self._watched.is_current else None
        if known is None:
            return None
        metadata = known["metadata"]
        return NamespaceFacts(metadata.get("labels") or {}, metadata.get("annotations") or {})


@dataclass(frozen=True, slots=True)
class AdmissionService:
    """The application, and what works behind it."""

    app: Flask
    watch: Watched[JsonObject]
    upkeep: Upkeep | None = None
    """None where others keep the certificate."""

    def start(self) -> None:
        """Start to watch."""
        self.watch.start()
        if self.upkeep is not None:
            self.upkeep.start()

    def stop(self) -> None:
        """Start no further request."""
        if self.upkeep is not None:
            self.upkeep.stop()
        self.watch.stop()


def compose(settings: AdmissionSettings, own: ServedContext | None) -> AdmissionService:
    """Build the webhook; nothing runs until it is started. Raises `ApiError` without a usable configuration.

    `own` is what is served where certificates are of the webhook's own authority; else the settings name files.
    """
    metrics = AdmissionMetrics()
    api = Api.connect(
        settings.kubeconfig or None,
        settings.context or None,
        user_agent="metricops-admission",
        observer=metrics.request_done,
        read_timeout=settings.api_timeout_seconds,
    )
    watch = watch_namespaces(api)
    namespaces = Namespaces(watch)

    def judge(request: AdmissionRequest) -> Verdict:
        facts = namespaces.facts(request.namespace)
        return admit(request, datetime.now(UTC), facts, settings.receivers, settings.confinement)

    upkeep = None
    if own is not None:
        upkeep = compose_upkeep(api, settings, own, metrics.certificates)
        metrics.certificates.expiry.set_function(own.expiry)
    else:
        file = Path(settings.tls_certificate_file)
        metrics.certificates.expiry.set_function(lambda: expiry_of_file(file))

    def is_ready() -> bool:
        return namespaces.were_listed() and (upkeep is None or upkeep.serves)

    return AdmissionService(create_app(judge, is_ready, metrics, body_limit=settings.body_limit), watch, upkeep)
