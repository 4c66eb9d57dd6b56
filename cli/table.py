"""Tables and ages as kubectl prints them, safe for a terminal."""

from __future__ import annotations


def printable(text: object) -> str:
    """Text on one line; control characters, which a label could carry, are shown as `?`."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(str(text).split()))


def table(rows: list[tuple[str, ...]]) -> list[str]:
    """Lines with aligned columns."""
    clean = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in clean) for column in range(len(clean[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in clean]


def short_age(seconds: float) -> str:
    """As kubectl prints ages: the largest fitting unit, `45s`, `12m`, `3h`, `2d`."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"
