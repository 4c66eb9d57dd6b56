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
        _openssl("req", "-x509", *_new_key(self._own), "-days", "2", "-subj", f"/CN={name}")

    def sign(self, name: str) -> Pair:
        """A pair for a server on 127.0.0.1, or for a client."""
        pair = Pair(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        authority = ("-CA", self._own.certificate, "-CAkey", self._own.key)
        extensions = ("-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:false")
        _openssl("req", "-x509", *_new_key(pair), *authority, "-days", "1", "-subj", f"/CN={name}", *extensions)
        return pair


def _new_key(pair: Pair) -> tuple[str | Path, ...]:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    return (*curve, "-keyout", pair.key, "-out", pair.certificate)


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)
