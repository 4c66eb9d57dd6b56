"""Serve the reconciler: its passes in a thread, and a port for probes and metrics."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

from flask import Flask
from gunicorn.arbiter import Arbiter

from receiver.cluster.api import Api, ApiError
from receiver.cluster.passes import Passes
from receiver.logs import configure_logs
from receiver.web.probes import add_probes
from receiver.web.server import Server
from receiver.web.tls import Tls
from reconcile.metrics import Metrics
from reconcile.reconciler import Reconciler
from reconcile.settings import ReconcileSettings
from reconcile.watches import Watches
from reconcile.writing import Writer

STOP_SECONDS = 10.0


class ReconcileService:
    """The application, and the passes behind it."""

    def __init__(self, settings: ReconcileSettings) -> None:
        """Nothing runs until `start`. Raises `ApiError` without a usable configuration."""
        metrics = Metrics()
        api = Api.connect(
            settings.kubeconfig or None,
            settings.context or None,
            user_agent="metricops-rules-reconcile",
            observer=metrics.request_done,
            read_timeout=settings.api_timeout_seconds,
        )
        self._passes = Passes(settings.resync_every)
        self._watches = Watches(api, settings.namespaces, self._passes.wake)
        self._reconciler = Reconciler(
            api,
            Writer(api, by_label=not settings.namespaces),
            metrics,
            clock=lambda: datetime.now(UTC),
            confinement=settings.confinement,
            labels=settings.labels,
        )
        self._has_passed = threading.Event()
        self._thread = threading.Thread(target=self._passes.run, args=(self._pass,), name="passes", daemon=True)
        self.app = Flask("reconcile")
        add_probes(
            self.app,
            metrics.registry,
            is_ready=self._has_passed.is_set,
            unready="not everything has been listed yet",
            is_alive=self._thread.is_alive,
            dead="the passes have ended",
        )

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End after the pass that is on its way."""
        self._passes.stop()
        self._thread.join(STOP_SECONDS)
        self._watches.stop()

    def _pass(self) -> str | None:
        try:
            self._watches.start()
            view = self._watches.view()
            if view is None:
                return None  # The list that is missing wakes us.
            problem = self._reconciler.run(view)
        except ApiError as error:
            return str(error)
        except Exception as error:
            logging.getLogger("metricops").exception("a pass failed unexpectedly")
            return f"{type(error).__name__}: {error}"
        self._has_passed.set()
        return problem


def serve(settings: ReconcileSettings) -> None:
    """Run until SIGTERM or SIGINT. Raises `SettingError` where TLS can't be served."""
    configure_logs(settings.log_format, settings.log_level)
    tls = Tls(settings.tls_files) if settings.tls_files else None
    server = Server("rules-reconcile", settings, lambda: ReconcileService(settings), tls.context if tls else None)
    Arbiter(server).run()
