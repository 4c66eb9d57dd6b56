"""Put the receiver together from its parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask

from receiver.alertmanager.source import AlertmanagerSource
from receiver.cluster.api import Api, JsonObject
from receiver.cluster.control import StopSwitch, watch_control
from receiver.cluster.watched import Watched
from receiver.metrics import Metrics
from receiver.prometheus.source import PrometheusSource, SourceOptions
from receiver.releases.lists import Lists
from receiver.releases.noting import ReleaseNotes
from receiver.releases.opted_in import OptedIn, opted_in_namespaces, with_history
from receiver.resync import Resync
from receiver.rollbacks.budget import Budget
from receiver.rollbacks.claims import Claimant
from receiver.rollbacks.driver import Driver
from receiver.rollbacks.pruning import Pruner
from receiver.rollbacks.record import Rollback
from receiver.rollbacks.store import RollbackStore, watch_rollbacks
from receiver.rollbacks.worker import Worker
from receiver.rollbacks.world import WorldReader, watch_namespaces
from receiver.settings import Settings
from receiver.web.admission import Admission
from receiver.web.app import create_app
from receiver.web.callers import Callers
from receiver.web.releases import ReleasesApi, add_releases_api
from receiver.web.tls import Tls
from receiver.web.token import AnyToken, TokenFile


@dataclass(frozen=True, slots=True)
class Receiver:
    """The application, and what works behind it."""

    app: Flask
    driver: Driver
    resync: Resync | None = None
    """None where no Alertmanager is known."""
    watches: tuple[Watched[Any], ...] = ()

    def start(self) -> None:
        """Start the threads."""
        for watch in self.watches:
            watch.start()
        self.driver.start()
        if self.resync is not None:
            self.resync.start()

    def stop(self) -> None:
        """Let each thread finish what it has in hand."""
        if self.resync is not None:
            self.resync.stop()
        self.driver.stop()
        for watch in self.watches:
            watch.stop()


def compose(settings: Settings, tls: Tls | None = None) -> Receiver:
    """Build a receiver; nothing runs until its driver is started. `tls` is what its port is served with.

    Raises `ApiError` without a usable configuration.
    """
    metrics = Metrics()
    api = Api.connect(
        settings.kubeconfig or None,
        settings.context or None,
        user_agent="metricops-receiver",
        observer=metrics.request_done,
        read_timeout=settings.api_timeout_seconds,
    )

    def on_phase(rollback: Rollback) -> None:
        metrics.transitions.labels(rollback.phase).inc()

    only_in = settings.watch_namespace or None
    records = watch_rollbacks(api, only_in)
    control = watch_control(api, settings.namespace)
    # Watching namespaces takes a right for all of them: with one, it is read when it is needed.
    namespaces = None if only_in else watch_namespaces(api)
    store = RollbackStore(api, namespace=only_in, on_phase=on_phase, watched=records)
    budget = Budget(api, settings.namespace, settings.limits, clock=now)
    source = PrometheusSource(
        SourceOptions(settings.prometheus_url), on_answer=lambda up: metrics.source_up.labels("prometheus").set(up)
    )
    reader = WorldReader(
        api,
        store,
        StopSwitch(api, settings.namespace, watched=control),
        settings.defaults,
        clock=now,
        ask=source.evidence,
        budget=budget,
        namespaces=namespaces,
        checks_secrets=settings.may_check_secrets,
    )
    alertmanager = _alertmanager(settings, metrics)
    worker = Worker(
        api,
        store,
        reader,
        source.standing,
        metrics,
        timing=settings.timing,
        clock=now,
        budget=budget,
        why_held=alertmanager.why_held if alertmanager else None,
    )
    pruner = Pruner(store, reader, metrics, keep=settings.keep)
    driver = Driver(
        store, reader, worker, metrics, clock=now, sweep_every=settings.sweep_every, budget=budget, prune=pruner.prune
    )
    records.on_change = driver.changed
    claimant = Claimant(
        api, store, reader, metrics, clock=now, on_claim=driver.enqueue, watched=settings.watch_namespace
    )
    app = create_app(
        claimant.handle,
        lambda: driver.has_swept,
        metrics,
        callers=Callers(TokenFile(Path(settings.token_file)) if settings.token_file else None, tls),
        admission=Admission(settings.places),
        body_limit=settings.body_limit,
        bounds=settings.bounds,
    )
    add_releases_api(app, _releases_api(settings, api, store, reader, namespaces), metrics)
    resync = (
        Resync(alertmanager.active, claimant.handle, metrics, clock=now, every=settings.resync_every)
        if alertmanager
        else None
    )
    return Receiver(app, driver, resync, tuple(watch for watch in (records, control, namespaces) if watch is not None))


def _releases_api(
    settings: Settings, api: Api, store: RollbackStore, reader: WorldReader, namespaces: Watched[JsonObject] | None
) -> ReleasesApi:
    opted_in = OptedIn(
        api,
        settings.defaults,
        read_namespace=reader.namespace,
        opted_in_namespaces=lambda: opted_in_namespaces(namespaces),
        clock=now,
        watched=settings.watch_namespace,
    )
    releasers = TokenFile(Path(settings.releases_token_file)) if settings.releases_token_file else None
    readers = TokenFile(Path(settings.read_token_file)) if settings.read_token_file else None
    return ReleasesApi(
        ReleaseNotes(api, reader, clock=now, watched=settings.watch_namespace, confinement=settings.confinement),
        Lists(store, opted_in, lambda found: with_history(api, found, now())),
        releasers=Callers(releasers) if releasers else None,
        # Who releases may also read what became of it.
        readers=Callers(AnyToken(tuple(filter(None, (readers, releasers)))) if readers else None),
        places=Admission(settings.reading_places),
    )


def _alertmanager(settings: Settings, metrics: Metrics) -> AlertmanagerSource | None:
    if not settings.alertmanager_url:
        return None
    return AlertmanagerSource(
        settings.alertmanager_url,
        settings.alertmanager_receiver,
        on_answer=lambda up: metrics.source_up.labels("alertmanager").set(up),
    )


def now() -> datetime:
    """The one clock."""
    return datetime.now(UTC)
