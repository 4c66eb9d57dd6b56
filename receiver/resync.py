"""Edge for speed, level for certainty: decide what Alertmanager shows as active, as if it had been delivered."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from receiver.alertmanager.source import AlertmanagerError
from receiver.cluster.api import ApiError
from receiver.decision.values import Alert
from receiver.logs import log
from receiver.metrics import Metrics
from receiver.rollbacks.claims import Outcome, record_decision


class Resync:
    """A thread that looks every so often; a look that fails is a log line and a metric, and the next look's to mend."""

    def __init__(
        self,
        active: Callable[[datetime], list[Alert]],
        handle: Callable[[Alert], Outcome],
        metrics: Metrics,
        *,
        clock: Callable[[], datetime],
        every: timedelta,
    ) -> None:
        self._active = active
        self._handle = handle
        self._metrics = metrics
        self._clock = clock
        self._every = every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="resync", daemon=True)

    def start(self) -> None:
        """Start the thread; the first look comes at once."""
        self._thread.start()

    def stop(self, timeout_seconds: float = 5.0) -> None:
        """End after the alert in hand."""
        self._stopping.set()
        self._thread.join(timeout_seconds)

    def look(self) -> None:
        """Look once. Raises `AlertmanagerError`; an alert that can't be decided now waits for the next look."""
        for alert in self._active(self._clock()):
            if self._stopping.is_set():
                return
            try:
                record_decision(alert, self._handle(alert), self._metrics, via="resync")
            except ApiError as error:
                log("alert not decided", level=logging.WARNING, fingerprint=alert.fingerprint, error=str(error))

    def _run(self) -> None:
        while True:
            try:
                self.look()
            except AlertmanagerError as error:
                log("resync failed", level=logging.WARNING, error=str(error))
            except Exception:
                logging.getLogger("metricops").exception("resync failed unexpectedly")
            if self._stopping.wait(self._every.total_seconds()):
                return
