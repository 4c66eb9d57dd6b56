"""The file that TLS is served from."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from cryptography import x509

from admission.certificates.contents import UNREADABLE


class ServedFile:
    """A file of our own with the certificate and its key, replaced whole: a reader never sees a half of it.

    It lies in a folder that only this user may enter; in a pod that is memory (an emptyDir).
    """

    def __init__(self, pem: bytes) -> None:
        """Raises `OSError`."""
        self._owner = os.getpid()
        self._folder = Path(tempfile.mkdtemp(prefix="metricops-admission-"))
        self.path = self._folder / "tls.pem"
        self.put(pem)

    def put(self, pem: bytes) -> None:
        """Serve this from the next connection on. Raises `OSError`."""
        draft = self._folder / "draft.pem"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(pem)
        draft.replace(self.path)

    def remove(self) -> None:
        """Leave nothing behind. A process that was forked off takes nothing away."""
        if os.getpid() == self._owner:
            shutil.rmtree(self._folder, ignore_errors=True)


def expiry(path: Path) -> float:
    """When the certificate in a file runs out (a Unix timestamp, in seconds); 0 where there is none."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0].not_valid_after_utc.timestamp()
    except (OSError, *UNREADABLE):
        return 0.0
