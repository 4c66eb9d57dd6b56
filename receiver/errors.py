"""The receiver's own errors. Edges add theirs: `ApiError`, `WorldMovedError`, `LostRaceError`."""

from __future__ import annotations


class MetricOpsError(Exception):
    """Every error that has a message for people."""


class SettingError(MetricOpsError):
    """A setting cannot be used: the message names it, what was found, what was expected."""


class EnvelopeError(MetricOpsError):
    """A delivery cannot be read at all: answered with a 4xx that carries the message."""


class MalformedAlertError(MetricOpsError):
    """One alert of a delivery cannot be read: counted and named, the others are handled."""
