"""Durations as Prometheus writes them: `30s`, `5m`, `1h30m`, `30d` (units: y w d h m s ms)."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import lru_cache

UNITS = {"y": 365 * 86_400_000, "w": 7 * 86_400_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
"""Milliseconds per unit, the largest first, as Prometheus' `model.ParseDuration` has them."""

PATTERN = re.compile("".join(rf"(?:([0-9]{{1,9}}){unit})?" for unit in UNITS))
LONGEST = timedelta(days=100 * 365)


class DurationError(ValueError):
    """The text is not a duration: the message says what was found and what was expected."""


def parse_duration(text: str) -> timedelta:
    """Read a duration; units in descending order, each at most once. Zero is `0s`. Raises `DurationError`."""
    match = PATTERN.fullmatch(text)
    if not match or not text:
        raise DurationError(f"found {text!r}, expected a duration such as 30s, 5m, 1h30m or 30d")
    amounts = zip(match.groups(default="0"), UNITS.values(), strict=True)
    duration = timedelta(milliseconds=sum(int(amount) * unit for amount, unit in amounts))
    if duration > LONGEST:
        raise DurationError(f"found {text!r}, expected at most 100y")
    return duration


@lru_cache(maxsize=1024)
def format_duration(duration: timedelta) -> str:
    """The shortest spelling that Prometheus reads as the same duration; raises `DurationError` for a negative one."""
    rest = duration // timedelta(milliseconds=1)
    if rest < 0:
        raise DurationError(f"found {duration}, expected no negative duration")
    parts: list[str] = []
    for unit, size in UNITS.items():
        amount, rest = divmod(rest, size)
        if unit in ("y", "w"):  # 30d reads better than 4w2d.
            rest += amount * size
        elif amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts) or "0s"
