"""What TLS is served with: one certificate after the other, and no key is left in any file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from admission.certificates.compose import placeholder
from admission.certificates.served import ServedContext, expiry_of_file
from admission.settings import AdmissionSettings

NOW = datetime(2031, 3, 1, tzinfo=UTC)
ONE, OTHER = (placeholder(AdmissionSettings(), NOW + timedelta(days=days)) for days in (0, 1))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_one_after_the_other(folder: Path) -> None:
    served = ServedContext(ONE)
    first = served.context()
    assert served.context() is first
    assert served.expiry() == (NOW + timedelta(days=30)).timestamp()
    served.put(OTHER)
    assert served.context() is not first
    assert served.expiry() == (NOW + timedelta(days=31)).timestamp()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("pem", [b"", b"nothing", ONE[:400], ONE.split(b"-----BEGIN PRIVATE")[0]])
def test_what_cannot_be_served_leaves_what_is(folder: Path, pem: bytes) -> None:
    served = ServedContext(ONE)
    first = served.context()
    with pytest.raises((OSError, ValueError)):
        served.put(pem)
    assert served.context() is first
    assert list(folder.iterdir()) == []


def test_a_file_of_others(tmp_path: Path) -> None:
    file = tmp_path / "tls.crt"
    assert expiry_of_file(file) == 0.0
    file.write_text("nothing")
    assert expiry_of_file(file) == 0.0
    file.write_bytes(ONE)
    assert expiry_of_file(file) == (NOW + timedelta(days=30)).timestamp()
