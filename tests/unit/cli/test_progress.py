"""Progress on standard error."""

from __future__ import annotations

import pytest

from cli.progress import Progress


def test_only_what_takes_long_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    now = 100.0
    tell = Progress(lambda: now)
    now = 101.9
    tell("counting")
    now = 102.0
    tell.requested(7)
    now = 103.9
    tell("adding")
    now = 104.0
    tell("dividing")
    captured = capsys.readouterr()
    assert captured.err == "counting (request 7) …\ndividing …\n"
    assert captured.out == ""
