"""The file that TLS is served from, and the one gauge that tells until when."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from admission.certificates.contents import UNREADABLE

EXPIRY = "metricops_admission_certificate_expiry_timestamp_seconds"


class ServedFile:
    """A file of our own with the certificate and its key, replaced whole: a reader never sees a half of it.

    It lies in a folder that only this user may enter; in a pod that is memory (an emptyDir).
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="metricops-admission-"))
        self.path = self._folder / "tls.pem"

    def put(self, pem: bytes) -> None:
        """Serve this from the next connection on. Raises `OSError`."""
        draft = self._folder / "draft.pem"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(pem)
        draft.replace(self.path)

    def remove(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self._folder, ignore_errors=True)


class ExpiryCollector(Collector):
    """When the certificate that is served runs out, read from its file at each scrape."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The gauge (prometheus_client's protocol for collectors); 0 where there is no certificate."""
        gauge = GaugeMetricFamily(EXPIRY, "When the serving certificate of the admission webhook runs out.")
        try:
            certificate = x509.load_pem_x509_certificates(self._path.read_bytes())[0]
            gauge.add_metric([], certificate.not_valid_after_utc.timestamp())
        except (OSError, *UNREADABLE):
            gauge.add_metric([], 0)
        return [gauge]
