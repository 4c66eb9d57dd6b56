"""Keeps the certificates: each replica looks at the Secret and at the published bundle, and does what is due.

There is no leader. A look reads the configuration first and the Secret after it, both from the API server's storage.
A write to either is guarded by what was read. So a bundle is only ever replaced by that of a newer Secret: whoever
looks at an old Secret has looked at an older configuration still, and its write is refused.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from admission.certificates.contents import Contents, serving_pem
from admission.certificates.issuing import Issuer
from admission.certificates.lifetimes import Lifetimes
from admission.certificates.metrics import CertificateMetrics
from admission.certificates.publishing import Published, Sightings, WebhookConfiguration
from admission.certificates.secret import CertificateSecret, MovedError, Stored
from admission.certificates.upkeep import Action, next_step, serving_fault
from receiver.cluster.api import ApiError
from receiver.logs import log

LOOKS_IN_A_ROW = 5
"""So often a look is repeated at once because another replica was faster."""


class Keeper:
    """The certificates of one replica."""

    def __init__(
        self,
        secret: CertificateSecret,
        configuration: WebhookConfiguration,
        serve: Callable[[bytes], None],
        metrics: CertificateMetrics,
        *,
        names: Sequence[str],
        lifetimes: Lifetimes,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`names` are those that the API servers ask for; `serve` takes a certificate with its key in PEM, or raises
        `OSError`.

        `now` is to be the API server's clock, because it is there that certificates are judged: a replica whose own
        clock is wrong must not replace those of the others. `clock` is steady, in seconds.
        """
        self._secret = secret
        self._configuration = configuration
        self._serve = serve
        self._metrics = metrics
        self._names = tuple(names)
        self._lifetimes = lifetimes
        self._issuer = Issuer(names, lifetimes)
        self._sightings = Sightings(clock)
        self._now = now
        self._held: Contents | None = None
        self._told = ""

    @property
    def serves(self) -> bool:
        """Whether there is a certificate to serve that API servers can believe."""
        return self._held is not None and serving_fault(self._held, self._now(), self._names) is None

    def look(self) -> None:
        """Look at everything once, and do what is due. What goes wrong is told, and left to the next look."""
        problem = ""
        for _ in range(LOOKS_IN_A_ROW):
            try:
                problem = self._look()
                break
            except MovedError as error:
                problem = str(error)
        if problem:
            self._metrics.failures.inc()
        if problem != self._told:
            self._told = problem
            if problem:
                log("certificates not kept", level=logging.ERROR, problem=problem)
            else:
                log("certificates kept again")

    def _look(self) -> str:
        """Returns what is wrong, for a person. Raises `MovedError`."""
        published, unread = self._published()
        try:
            stored = self._upkeep(self._secret.read(), published)
        except ApiError as error:
            return f"{self._secret}: {error}"
        try:
            self._take(stored.contents)
        except OSError as error:
            return f"the file to serve from: {error}"
        if published is None:
            self._metrics.published.set(0)
            return unread
        return self._publish(published, stored.contents)

    def _published(self) -> tuple[Published | None, str]:
        try:
            published = self._configuration.read()
        except ApiError as error:
            return None, f"{self._configuration}: {error}"
        return published, "" if published else f"{self._configuration}: found none, expected the one of the manifests"

    def _upkeep(self, stored: Stored, published: Published | None) -> Stored:
        """Do what is due to the Secret. Raises `ApiError` and `MovedError`."""
        now = self._now()
        step = next_step(
            stored.contents,
            self._held,
            now=now,
            names=self._names,
            lifetimes=self._lifetimes,
            published_for=self._sightings.seen(published, stored.contents.signer),
        )
        if step.action is Action.KEEP:
            return stored
        written = self._secret.write(stored, self._issuer.carry_out(step.action, stored.contents, self._held, now))
        self._metrics.steps[step.action].inc()
        serving = written.contents.serving
        log(
            "certificates written",
            action=str(step.action),
            reason=step.reason,
            secret=str(self._secret),
            expires=serving.not_valid_after_utc.isoformat() if serving else "",
            serial=f"{serving.serial_number:x}" if serving else "",
            authorities=len(written.contents.bundle),
        )
        return written

    def _take(self, contents: Contents) -> None:
        """Serve this. Raises `OSError`."""
        if self._held is None or contents.serving != self._held.serving:
            self._serve(serving_pem(contents))
            serving = contents.serving
            log("certificate served", expires=serving.not_valid_after_utc.isoformat() if serving else "")
        self._held = contents

    def _publish(self, published: Published, contents: Contents) -> str:
        """Returns what is wrong. Raises `MovedError`."""
        if published.injector is not None:
            self._metrics.published.set(0)
            return (
                f"{self._configuration}: found the annotation {published.injector}, by which another controller "
                "writes caBundle; expected none, or a certificate file instead of our own authority"
            )
        try:
            wrote = self._configuration.publish(published, contents.bundle)
        except ApiError as error:
            self._metrics.published.set(0)
            return f"{self._configuration}: {error}"
        self._metrics.published.set(1)
        if wrote:
            log("authorities published", configuration=str(self._configuration), authorities=len(contents.bundle))
        return ""


class Upkeep:
    """A thread that looks at the start, at every change of the configuration, and now and then."""

    def __init__(self, keeper: Keeper, configuration: WebhookConfiguration, lifetimes: Lifetimes) -> None:
        self._keeper = keeper
        self._every = lifetimes.look_every.total_seconds()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._watched = configuration.watch(self._wake.set)
        self._thread = threading.Thread(target=self._run, name="certificates", daemon=True)

    @property
    def serves(self) -> bool:
        """Whether there is a certificate to serve that API servers can believe."""
        return self._keeper.serves

    def start(self) -> None:
        """Start looking and watching."""
        self._watched.start()
        self._thread.start()

    def stop(self) -> None:
        """End after the look that is on its way."""
        self._stopping.set()
        self._wake.set()
        self._watched.stop()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._keeper.look()
            except BaseException:
                # A panic of the Rust inside `cryptography` is no Exception, and must not be the end of the upkeep.
                logging.getLogger("metricops").exception("certificates not kept, unexpectedly")
            self._wake.wait(self._every)
