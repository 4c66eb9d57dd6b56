"""What a Secret holds, whatever stands in it."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from admission.certificates.contents import Contents, read_contents, serving_pem, write_contents
from admission.certificates.lifetimes import Lifetimes
from tests.unit.admission.certificates.simulated import aged

SOUND = aged(Lifetimes(), timedelta(days=1), timedelta(days=1))
DATA = write_contents(SOUND)


def same(one: Contents, other: Contents) -> bool:
    return write_contents(one) == write_contents(other)


def test_what_is_written_is_read() -> None:
    read = read_contents(DATA)
    assert same(read, SOUND)
    assert read.faults == ()
    assert read.signer == read.issuer == SOUND.bundle[0]
    assert read.is_a_pair


def test_nothing_at_all() -> None:
    read = read_contents({})
    assert read == Contents(faults=read.faults)
    assert [fault.split(":")[0] for fault in read.faults] == ["ca.crt", "ca.key", "tls.crt", "tls.key"]
    assert read.signer is read.issuer is None
    assert not read.is_a_pair


def rsa_key() -> str:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return base64.b64encode(pem).decode()


@pytest.mark.parametrize("key", DATA)
@pytest.mark.parametrize(
    "value",
    [
        "no base64!",
        base64.b64encode(b"no PEM").decode(),
        base64.b64encode(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").decode(),
        base64.b64encode(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").decode(),
        base64.b64encode(base64.b64decode(DATA["ca.crt"]) * 100).decode(),
        7,
        ["x"],
    ],
)
def test_one_broken_entry_is_named_and_the_others_are_read(key: str, value: object) -> None:
    read = read_contents({**DATA, key: value})
    assert len(read.faults) == 1
    assert read.faults[0].startswith(f"{key}: found something else, expected")
    present = [read.bundle, read.authority_key, read.serving, read.serving_key]
    assert sum(bool(one) for one in present) == 3


def test_a_key_of_another_kind_is_none_of_ours() -> None:
    key = rsa_key()
    for name in ("ca.key", "tls.key"):
        assert read_contents({**DATA, name: key}).faults == (
            f"{name}: found something else, expected an elliptic-curve key (PEM)",
        )


def test_keys_that_belong_to_others() -> None:
    other = write_contents(aged(Lifetimes(), timedelta(days=1), timedelta(days=1)))
    read = read_contents({**DATA, "ca.key": other["ca.key"]})
    assert (read.signer, read.issuer, read.is_a_pair) == (None, SOUND.bundle[0], True)
    assert not read_contents({**DATA, "tls.key": other["tls.key"]}).is_a_pair
    read = read_contents({**DATA, "ca.crt": other["ca.crt"]})
    assert (read.signer, read.issuer) == (None, None)


ANYTHING: st.SearchStrategy[object] = st.binary(max_size=100).map(
    lambda value: base64.b64encode(value).decode()
) | st.sampled_from([*DATA.values(), "", "=", "é", None, 1.5, {}])


@given(st.dictionaries(st.sampled_from(sorted(DATA)), ANYTHING))
def test_anything(data: dict[str, object]) -> None:
    read = read_contents(data)
    assert bool(read.faults) or data.keys() == DATA.keys()
    assert read.signer is None or read.authority_key is not None
    for secret in (DATA["ca.key"], DATA["tls.key"]):
        assert secret not in repr(read)


def test_a_served_file_has_the_certificate_first_and_then_its_key() -> None:
    text = serving_pem(SOUND).decode()
    assert text.startswith("-----BEGIN CERTIFICATE-----")
    assert text.count("-----BEGIN") == 2
    with pytest.raises(ValueError, match="serving certificate"):
        serving_pem(Contents())
    with pytest.raises(ValueError, match="authority"):
        write_contents(Contents())
