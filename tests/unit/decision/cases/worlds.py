"""Worlds that several topics share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from receiver.decision.identity import rollback_name
from receiver.decision.values import World
from tests.unit.scenario import V2, workload

Case = tuple[str, World, World]
"""Reason, a world that reaches it, its neighbour that does not."""

SECOND = timedelta(seconds=1)
MODE = "metricops.dev/rollback"


def mode(value: str | None) -> Any:
    return workload(labels={MODE: value} if value else {})


OWN_NAME = rollback_name(workload(), V2)


def at_least(failed: str) -> Any:
    return workload(annotations={"metricops.dev/minimum-failed-events": failed})
