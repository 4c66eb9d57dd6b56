"""What is known while foreign documents are read: settings, and what some documents say for others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from rules.fields import Field
from rules.foreign.workloads import NO_WORKLOADS, Workloads
from rules.specification import Specification
from rules.windows import BurnWindow, workbook_windows

Placed = list[tuple[Specification, Field]]
"""Specifications, each with the field that its name comes from."""

DEFAULT_PERIOD = timedelta(days=30)
"""The period of objectives whose format has no field for it, as sloth has it."""

SHORTEST_PERIOD = timedelta(days=28)
"""Over a shorter period, the workbook's tickets would be for burn rates that never spend the budget: it needs a
catalogue. sloth has windows for 28 and 30 days, too."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the caller says: the period of objectives that name none, whom objectives judge, and windows by period."""

    period: timedelta = DEFAULT_PERIOD
    workloads: Workloads = NO_WORKLOADS
    windows: Mapping[timedelta, tuple[BurnWindow, ...]] = field(default_factory=dict)


DEFAULTS = Settings()


@dataclass(slots=True)
class Context:
    """The settings, the alert windows by the period that catalogues give them for, and objects by kind and name."""

    settings: Settings
    windows: dict[timedelta, tuple[BurnWindow, ...]]
    objects: dict[tuple[str, str], Field] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> Context:
        """The one to begin with."""
        return cls(settings, dict(settings.windows))

    def windows_of(self, period: timedelta) -> tuple[BurnWindow, ...]:
        """The catalogue's windows for the period, else the workbook's; none for a period too short for those."""
        return self.windows.get(period) or (workbook_windows(period) if period >= SHORTEST_PERIOD else ())
