"""Real certificates, made by openssl: an authority, and what it signs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, in PEM files."""

    certificate: Path
    key: Path


class Authority:
    """A CA of its own name in a folder of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._own = Pair(folder / "ca.crt", folder / "ca.key")
        self.certificate = self._own.certificate
        subject = ("-days", "2", "-subj", f"/CN={name}")
        _openssl("req", "-x509", *_new_key(self._own), *subject, "-out", self.certificate)

    def sign(self, name: str, *, days: int = 1) -> Pair:
        """A pair for a server on 127.0.0.1, or for a client; below 0 days it has expired."""
        pair, request = Pair(self._folder / f"{name}.crt", self._folder / f"{name}.key"), self._folder / f"{name}.csr"
        extensions = ("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:false")
        _openssl("req", "-new", *_new_key(pair), "-out", request, "-subj", f"/CN={name}", *extensions)
        authority = ("-CA", self._own.certificate, "-CAkey", self._own.key, "-copy_extensions", "copy")
        _openssl("x509", "-req", "-in", request, *authority, "-days", str(days), "-out", pair.certificate)
        return pair


def _new_key(pair: Pair) -> tuple[str | Path, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", pair.key)


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
