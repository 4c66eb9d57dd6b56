"""What TLS is served with."""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path

from cryptography import x509

from admission.certificates.contents import UNREADABLE
from receiver.web.tls import TlsFiles, load_context


class ServedContext:
    """The TLS context of new connections; those that are open keep theirs. Safe to share between threads."""

    def __init__(self, pem: bytes) -> None:
        """Raises as `put` does."""
        self.put(pem)

    def put(self, pem: bytes) -> None:
        """Serve this certificate with its key from the next connection on.

        Python reads a key from a file alone, so there is one for a moment, in a folder that only this user may enter.
        Raises `OSError`, and `ValueError` where it is no such pair.
        """
        with tempfile.TemporaryDirectory(prefix="metricops-admission-") as folder:
            path = Path(folder, "tls.pem")
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(pem)
            context = load_context(TlsFiles(path, path))
        self._context, self._expiry = context, expiry(pem)

    def context(self) -> ssl.SSLContext:
        """The context for a new connection."""
        return self._context

    def expiry(self) -> float:
        """When the certificate runs out: a Unix timestamp, in seconds."""
        return self._expiry


def expiry_of_file(path: Path) -> float:
    """When the certificate in a file runs out (a Unix timestamp, in seconds); 0 where there is none."""
    try:
        return expiry(path.read_bytes())
    except (OSError, *UNREADABLE):
        return 0.0


def expiry(pem: bytes) -> float:
    """When the first certificate of a text runs out. Raises what `cryptography` raises where there is none."""
    return x509.load_pem_x509_certificates(pem)[0].not_valid_after_utc.timestamp()
