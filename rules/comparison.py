"""How an SLI is compared with its limit."""

from __future__ import annotations

from enum import StrEnum


class Comparison(StrEnum):
    """How the SLI is compared with its limit while it is bad."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="

    @property
    def is_lower_bound(self) -> bool:
        """Whether low values are the bad ones."""
        return self in (Comparison.BELOW, Comparison.AT_MOST)

    def holds(self, value: float, limit: float) -> bool:
        """Whether `value` stands so to `limit`: false where either is not a number."""
        return {
            Comparison.ABOVE: value > limit,
            Comparison.AT_LEAST: value >= limit,
            Comparison.BELOW: value < limit,
            Comparison.AT_MOST: value <= limit,
        }[self]


MIRRORED = {
    Comparison.ABOVE: Comparison.BELOW,
    Comparison.AT_LEAST: Comparison.AT_MOST,
    Comparison.BELOW: Comparison.ABOVE,
    Comparison.AT_MOST: Comparison.AT_LEAST,
}
