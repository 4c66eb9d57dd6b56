"""Make certificates: elliptic-curve P-256 keys, X.509 version 3 extensions by RFC 5280."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from admission.certificates.contents import Contents
from admission.certificates.lifetimes import BACKDATED, Lifetimes
from admission.certificates.upkeep import Action


class Issuer:
    """Carries steps out, for a server of these names (DNS names or IP addresses), the first of which is its subject."""

    def __init__(self, names: Sequence[str], lifetimes: Lifetimes) -> None:
        self._names = tuple(names)
        self._lifetimes = lifetimes

    def carry_out(self, action: Action, found: Contents, held: Contents | None, now: datetime) -> Contents:
        """What the Secret is to hold after a step that `next_step` gave for the same values."""
        match action:
            case Action.KEEP:
                return found
            case Action.RENEW | Action.SWITCH:
                return self._signed(found, now)
            case Action.SUCCEED:
                # The predecessor's last signature: its key goes, so the certificate must last through the change.
                signer = found.signer
                able = signer is not None and signer == found.issuer
                return self._with_authority(self._signed(found, now) if able else found, now)
            case Action.FORGET:
                return replace(found, bundle=tuple(one for one in found.bundle if one.not_valid_after_utc >= now))
            case Action.RESTORE if held is not None:
                return held
            case _:
                return self._signed(self._with_authority(Contents(), now), now)

    def placeholder(self, now: datetime) -> Contents:
        """What nobody trusts: it keeps the port open, for probes, until there is a certificate."""
        return self.carry_out(Action.START_OVER, Contents(), None, now)

    def _with_authority(self, contents: Contents, now: datetime) -> Contents:
        key = ec.generate_private_key(ec.SECP256R1())
        serial = x509.random_serial_number()
        # A name of its own for each: a verifier that looks authorities up by name finds the right one.
        name = _name(f"metricops admission CA {serial:x}"[:64])
        usage = _key_usage(signs_certificates=True)
        certificate = (
            _builder(name, name, key.public_key(), serial, now)
            .not_valid_after(now + self._lifetimes.authority)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, SHA256())
        )
        kept = tuple(one for one in contents.bundle if one.not_valid_after_utc >= now)
        return replace(contents, bundle=(*kept, certificate), authority_key=key)

    def _signed(self, contents: Contents, now: datetime) -> Contents:
        authority, authority_key = contents.signer, contents.authority_key
        if authority is None or authority_key is None:
            raise ValueError("expected an authority with its key")
        key = ec.generate_private_key(ec.SECP256R1())
        authority_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
        certificate = (
            _builder(_name(self._names[0][:64]), authority.subject, key.public_key(), x509.random_serial_number(), now)
            .not_valid_after(min(now + self._lifetimes.serving, authority.not_valid_after_utc))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in self._names]), critical=False)
            .add_extension(authority_id, critical=False)
            .sign(authority_key, SHA256())
        )
        return replace(contents, serving=certificate, serving_key=key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, serial: int, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(now - BACKDATED)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
