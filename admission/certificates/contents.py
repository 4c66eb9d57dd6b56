"""What the Secret holds: the authorities to trust, the newest one's key, the serving certificate and its key."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

BUNDLE_KEY = "ca.crt"
AUTHORITY_KEY = "ca.key"
SERVING_KEY = "tls.crt"
SERVING_PRIVATE_KEY = "tls.key"
LONGEST_ENTRY = 64 * 1024
"""Bytes of one key of the Secret; ours have less than 2,000."""

UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)
"""What `cryptography` raises about what it can't make sense of, at once or when a part is looked at."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Contents:
    """What could be read; the rest is None, or empty, and named in `faults`. The newest authority is the last.

    Only elliptic-curve keys are read, as only such are made.
    """

    bundle: tuple[x509.Certificate, ...] = ()
    authority_key: EllipticCurvePrivateKey | None = field(default=None, repr=False)
    serving: x509.Certificate | None = None
    serving_key: EllipticCurvePrivateKey | None = field(default=None, repr=False)
    faults: tuple[str, ...] = ()

    @property
    def signer(self) -> x509.Certificate | None:
        """The authority of the bundle that the key belongs to."""
        if self.authority_key is None:
            return None
        return next((one for one in reversed(self.bundle) if _belongs(self.authority_key, one)), None)

    @property
    def issuer(self) -> x509.Certificate | None:
        """The authority of the bundle that has signed the serving certificate."""
        serving = self.serving
        if serving is None:
            return None
        return next((one for one in reversed(self.bundle) if has_signed(one, serving)), None)

    @property
    def is_a_pair(self) -> bool:
        """Whether the serving certificate and its key fit together."""
        return self.serving is not None and self.serving_key is not None and _belongs(self.serving_key, self.serving)


def read_contents(data: Mapping[str, object]) -> Contents:
    """Read a Secret's `data` (values in base64). Whatever stands there: what can't be read is told in `faults`.

    A fault names the key and what was expected of it, never what it holds.
    """
    faults: list[str] = []

    def read(key: str, expected: str, load: Callable[[bytes], T], otherwise: T) -> T:
        text = data.get(key)
        if not text:
            faults.append(f"{key}: found nothing, expected {expected}")
            return otherwise
        try:
            if not isinstance(text, str) or len(text) > LONGEST_ENTRY:
                raise ValueError
            return load(base64.b64decode(text, validate=True))
        except UNREADABLE:  # base64's error is a ValueError too.
            faults.append(f"{key}: found something else, expected {expected}")
            return otherwise

    none: tuple[x509.Certificate, ...] = ()
    bundle = read(BUNDLE_KEY, "certificates of authorities (PEM)", read_bundle, none)
    authority_key = read(AUTHORITY_KEY, "an elliptic-curve key (PEM)", _read_key, None)
    serving = read(SERVING_KEY, "a certificate (PEM)", lambda pem: x509.load_pem_x509_certificates(pem)[0], None)
    serving_key = read(SERVING_PRIVATE_KEY, "an elliptic-curve key (PEM)", _read_key, None)
    return Contents(bundle, authority_key, serving, serving_key, tuple(faults))


def write_contents(contents: Contents) -> dict[str, str]:
    """As a Secret's `data`. Raises `ValueError` where something is missing."""
    if contents.serving is None or contents.serving_key is None or contents.authority_key is None:
        raise ValueError("expected an authority's key and a serving certificate with its key")
    entries = {
        BUNDLE_KEY: bundle_pem(contents.bundle),
        AUTHORITY_KEY: _key_pem(contents.authority_key),
        SERVING_KEY: contents.serving.public_bytes(Encoding.PEM),
        SERVING_PRIVATE_KEY: _key_pem(contents.serving_key),
    }
    return {key: base64.b64encode(value).decode() for key, value in entries.items()}


def serving_pem(contents: Contents) -> bytes:
    """The serving certificate and its key in one text, so that a file is replaced whole. Raises `ValueError`."""
    if contents.serving is None or contents.serving_key is None:
        raise ValueError("expected a serving certificate with its key")
    return contents.serving.public_bytes(Encoding.PEM) + _key_pem(contents.serving_key)


def bundle_pem(bundle: tuple[x509.Certificate, ...]) -> bytes:
    """The certificates of a bundle, one after the other."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in bundle)


def read_bundle(pem: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates of a bundle. Raises `ValueError`, and what `cryptography` raises, where it is none."""
    return tuple(x509.load_pem_x509_certificates(pem))


@lru_cache(maxsize=256)
def has_signed(authority: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether this authority has signed this certificate; times are not looked at.

    Remembered: each look asks it of the same few again.
    """
    try:
        if not authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, *UNREADABLE, x509.ExtensionNotFound, x509.DuplicateExtension):
        return False
    return True


def is_valid_at(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether a moment lies within a certificate's life."""
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _read_key(pem: bytes) -> EllipticCurvePrivateKey:
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise ValueError
    return key


def _key_pem(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _belongs(key: EllipticCurvePrivateKey, certificate: x509.Certificate) -> bool:
    public = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    try:
        return certificate.public_key().public_bytes(*public) == key.public_key().public_bytes(*public)
    except UNREADABLE:  # The certificate has a key of a kind that is not known.
        return False
