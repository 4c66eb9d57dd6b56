"""The file that TLS is served from: nobody else reads it, it is whole at every moment, and nothing is left."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from admission.certificates.compose import placeholder
from admission.certificates.served import ServedFile, expiry
from admission.settings import AdmissionSettings
from receiver.web.tls import Tls, TlsFiles

NOW = datetime(2031, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_certificate_and_its_key(folder: Path) -> None:
    one, other = (placeholder(AdmissionSettings(), NOW + timedelta(days=days)) for days in (0, 1))
    served = ServedFile(one)
    assert expiry(served.path) == (NOW + timedelta(days=30)).timestamp()
    tls = Tls(TlsFiles(served.path, served.path))
    first = tls.context()
    assert tls.context() is first
    served.put(other)
    assert tls.context() is not first
    assert expiry(served.path) == (NOW + timedelta(days=31)).timestamp()
    assert stat.S_IMODE(served.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(served.path.parent.stat().st_mode) == 0o700
    assert [path.name for path in served.path.parent.iterdir()] == ["tls.pem"]
    if (child := os.fork()) == 0:
        served.remove()
        os._exit(0)
    os.waitpid(child, 0)
    assert served.path.is_file(), "a worker that ends takes nothing away"
    served.remove()
    assert list(folder.iterdir()) == []
    assert expiry(served.path) == 0.0


def test_what_is_no_certificate_counts_as_expired(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("nothing")
    assert expiry(broken) == 0.0
