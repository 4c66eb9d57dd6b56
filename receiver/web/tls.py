"""TLS for the receiver's own port, from files that may change while it runs, and client certificates (mutual TLS).

Each connection is given the context of the files as they are when it begins; those that are open keep theirs.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from receiver.errors import SettingError
from receiver.logs import log

Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: the server's certificate with its chain, its key, and the CAs that sign clients' certificates."""

    certificate: Path
    key: Path
    client_ca: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """Those that are there to be read."""
        return (self.certificate, self.key, *((self.client_ca,) if self.client_ca else ()))

    def stamp(self) -> Stamp:
        """Another one whenever one of the files is another one."""
        return tuple(_file_stamp(path) for path in self.paths)


class TrustingContext(ssl.SSLContext):
    """A server's context that remembers whom it trusts."""

    client_ca: bytes = b""


class Standing(Enum):
    """What a connection's client has shown of itself."""

    TRUSTED = "it has a certificate that the client CA signed"
    UNKNOWN = "it has shown no certificate"
    OUTDATED = "its certificate was checked against a client CA that has been replaced"


class Tls:
    """The TLS of the receiver's port. Safe to share between threads."""

    def __init__(self, files: TlsFiles) -> None:
        """Raises `SettingError` where the files can't be used."""
        self._files = files
        self._lock = threading.Lock()
        self._seen = files.stamp()
        try:
            self._context = load_context(files)
        except (OSError, ValueError) as error:
            raise SettingError(f"TLS files: found {error} in {self._named}, expected PEM that fits together") from None

    @property
    def asks_for_certificates(self) -> bool:
        """Whether a delivery needs a client certificate."""
        return self._files.client_ca is not None

    def context(self) -> ssl.SSLContext:
        """The context for a new connection. Broken new files are told once, and leave the old ones in use."""
        with self._lock:
            stamp = self._files.stamp()
            if stamp != self._seen:
                self._seen = stamp
                try:
                    self._context = load_context(self._files)
                    log("TLS files read again", files=self._named)
                except (OSError, ValueError) as error:
                    log("TLS files not usable", level=logging.ERROR, files=self._named, error=str(error))
            return self._context

    def standing(self, connection: Any) -> Standing:
        """Who is at the other end of a connection; anything but a TLS socket is nobody."""
        if not isinstance(connection, ssl.SSLSocket) or not connection.getpeercert(binary_form=True):
            return Standing.UNKNOWN
        self.context()
        checked = connection.context
        if isinstance(checked, TrustingContext) and checked.client_ca == self._context.client_ca:
            return Standing.TRUSTED
        return Standing.OUTDATED

    @property
    def _named(self) -> str:
        return ", ".join(map(str, self._files.paths))


def take_no_more(connection: Any) -> None:
    """Let the answer in hand go out, and no further request come in: the connection ends, whoever serves it."""
    if isinstance(connection, socket.socket):
        with contextlib.suppress(OSError):
            # The plain socket's own: an SSLSocket's would forget the encryption that the answer needs.
            socket.socket.shutdown(connection, socket.SHUT_RD)


def load_context(files: TlsFiles) -> TrustingContext:
    """A server's context with what is in the files now. Raises `OSError` and `ValueError` where that is no use."""
    context = TrustingContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Without a password an encrypted key is an error; else OpenSSL would ask the terminal.
    context.load_cert_chain(files.certificate, files.key, password="")
    if files.client_ca is not None:
        context.client_ca = files.client_ca.read_bytes()
        context.load_verify_locations(cadata=context.client_ca.decode("ascii", "ignore"))
        # Probes and scrapes come without a certificate; the route of the deliveries asks for it.
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _file_stamp(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0, 0)
    return (status.st_mtime_ns, status.st_size, status.st_ino)
