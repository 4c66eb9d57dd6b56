from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.debian import mirror_of, reported_version, source_line

TARGETS = """\
http://mirror.example/tools nodistro
http://mirror.example/debian-security bookworm-security
http://mirror.example/debian bookworm
http://mirror.example/debian bookworm-updates
"""


def test_the_mirror_is_the_one_that_has_a_debian_suite() -> None:
    assert mirror_of(TARGETS) == "http://mirror.example/debian"


@pytest.mark.parametrize(("targets", "found"), [("", "none"), ("http://mirror.example/ubuntu noble\n", "noble")])
def test_a_machine_without_a_debian_mirror_is_told_what_was_found(targets: str, found: str) -> None:
    with pytest.raises(RuntimeError, match=f"found {found}, expected one of Debian's suites"):
        mirror_of(targets)


def test_only_the_suite_is_another() -> None:
    line = source_line("http://mirror.example/debian", "sid", Path("/usr/share/keyrings/debian.gpg"))
    assert line == "deb [signed-by=/usr/share/keyrings/debian.gpg] http://mirror.example/debian sid main\n"
    assert source_line("http://mirror.example/debian", "sid", None) == "deb http://mirror.example/debian sid main\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prometheus, version 2.53.3+ds1 (branch: debian/sid, revision: 2.53.3+ds1-2)", "2.53.3+ds1"),
        ("alertmanager, version 0.33.1 (branch: debian/sid)", "0.33.1"),
        ("error while loading shared libraries: libx.so: version mismatch", ""),
        ("", ""),
    ],
)
def test_the_version_that_a_program_reports(text: str, expected: str) -> None:
    assert reported_version(text) == expected
