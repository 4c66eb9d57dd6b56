"""What is made is what verifiers ask for (RFC 5280), by another verifier than the one that decides."""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from admission.certificates.contents import Contents
from admission.certificates.issuing import Issuer
from admission.certificates.lifetimes import Lifetimes
from admission.certificates.upkeep import Action
from tests.unit.admission.certificates.simulated import START

LIFETIMES = Lifetimes()
NAMES = ("metricops-admission.metricops-system.svc", "127.0.0.1")
ISSUER = Issuer(NAMES, LIFETIMES)
MADE = ISSUER.carry_out(Action.START_OVER, Contents(), None, START)


def serving_of(contents: Contents) -> x509.Certificate:
    assert contents.serving is not None
    return contents.serving


def verify(certificate: x509.Certificate, bundle: tuple[x509.Certificate, ...], after: timedelta, name: str) -> None:
    subject: x509.DNSName | x509.IPAddress
    subject = x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    PolicyBuilder().store(Store(list(bundle))).time(START + after).build_server_verifier(subject).verify(
        certificate, []
    )


@pytest.mark.parametrize("name", NAMES)
def test_it_is_believed_for_its_names_and_its_life_and_a_little_before(name: str) -> None:
    serving = serving_of(MADE)
    for after in (timedelta(minutes=-59), timedelta(0), timedelta(days=30)):
        verify(serving, MADE.bundle, after, name)
    for after in (timedelta(minutes=-61), timedelta(days=30, seconds=1)):
        with pytest.raises(VerificationError):
            verify(serving, MADE.bundle, after, name)
    with pytest.raises(VerificationError):
        verify(serving, MADE.bundle, timedelta(0), "metricops-admission.other.svc")


def test_a_bundle_of_two_authorities_believes_what_either_has_signed() -> None:
    both = ISSUER.carry_out(Action.SUCCEED, MADE, None, START)
    switched = ISSUER.carry_out(Action.SWITCH, both, None, START)
    predecessor, successor = both.bundle
    assert predecessor == MADE.bundle[0]
    for one in (MADE, both, switched):
        verify(serving_of(one), both.bundle, timedelta(days=1), NAMES[0])
    verify(serving_of(both), (predecessor,), timedelta(days=1), NAMES[0])
    verify(serving_of(switched), (successor,), timedelta(days=1), NAMES[0])
    assert predecessor.subject != successor.subject


def test_what_stands_in_them() -> None:
    (authority,), serving = MADE.bundle, serving_of(MADE)
    for one in (authority, serving):
        key = one.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert isinstance(key.curve, ec.SECP256R1)
        assert one.version == x509.Version.v3
        assert one.serial_number.bit_length() > 64
        assert one.extensions.get_extension_for_class(x509.BasicConstraints).critical
        assert one.extensions.get_extension_for_class(x509.KeyUsage).critical
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 0)
    usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_cert_sign, usage.digital_signature) == (True, False)
    usage = serving.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_cert_sign, usage.digital_signature) == (False, True)
    assert list(serving.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.SERVER_AUTH
    ]
    own = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    issuer = serving.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert own == issuer
    assert authority.not_valid_after_utc - START == timedelta(days=360)
    assert re.fullmatch(r"CN=metricops admission CA [0-9a-f]+", authority.subject.rfc4514_string())


def test_nothing_outlives_its_authority() -> None:
    late = START + timedelta(days=350)
    renewed = ISSUER.carry_out(Action.RENEW, MADE, None, late)
    assert serving_of(renewed).not_valid_after_utc == MADE.bundle[0].not_valid_after_utc


def test_each_has_keys_of_its_own() -> None:
    other = ISSUER.placeholder(START)
    renewed = ISSUER.carry_out(Action.RENEW, MADE, None, START)
    keys = {one.serving_key.private_numbers().private_value for one in (MADE, other, renewed) if one.serving_key}
    assert len(keys) == 3
    assert serving_of(renewed).serial_number != serving_of(MADE).serial_number
    with pytest.raises(ValueError, match="authority"):
        ISSUER.carry_out(Action.RENEW, Contents(), None, START)


def test_a_service_of_the_longest_names_fits_into_a_subject() -> None:
    name = f"{'a' * 63}.{'b' * 63}.svc"
    made = Issuer((name,), LIFETIMES).carry_out(Action.START_OVER, Contents(), None, START)
    verify(serving_of(made), made.bundle, timedelta(0), name)
