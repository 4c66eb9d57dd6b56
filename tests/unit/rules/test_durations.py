from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.durations import DurationError, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0),
        ("30s", 30),
        ("5m", 300),
        ("1h30m", 5400),
        ("1d", 86400),
        ("1w", 604800),
        ("1y", 31536000),
        ("1s1ms", 1.001),
    ],
)
def test_as_prometheus_reads_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "5", "m", "-5m", "5 m", "5m1h", "1h1h", "1.5h", "5M", "200y", "99999999999d", "5m\n"]
)
def test_refused(text: str) -> None:
    with pytest.raises(DurationError, match="expected"):
        parse_duration(text)


@given(st.integers(0, 10**11))
def test_what_is_formatted_is_read_as_the_same(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    assert parse_duration(format_duration(duration)) == duration
