"""What earlier Rollbacks say: duplicates, condemned templates, restores, cooldown, budget."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from receiver.decision.phases import Phase
from tests.unit.decision.cases.worlds import OWN_NAME, SECOND, Case, mode
from tests.unit.scenario import NOW, ONSET, V1, V2, past, revision, workload, world

V3_RESTORED_V1 = revision(3, "shop:1", earlier=(1,))


def on_record(phase: Phase) -> Any:
    """An earlier attempt at this very revision that ended without an undo."""
    return past(name=OWN_NAME, phase=phase, undone_at=None)


RECORDS: list[Case] = [
    (
        "already-claimed",
        world(rollbacks=(past(name=OWN_NAME, phase=Phase.CLAIMED, undone_at=None),)),
        world(rollbacks=(past(name=OWN_NAME, phase=Phase.FAILED, undone_at=None),)),
    ),
    (
        "already-claimed",
        world(rollbacks=(past(name=OWN_NAME, phase=Phase.DRY_RUN, undone_at=None),), workload=mode("dry-run")),
        world(rollbacks=(past(name=OWN_NAME, phase=Phase.DRY_RUN, undone_at=None),)),
    ),
    (
        "already-claimed",
        world(rollbacks=(past(name=OWN_NAME, phase=Phase.FAILED),)),
        world(rollbacks=(past(name=OWN_NAME, phase=Phase.FAILED, undone_at=None),)),
    ),
    (
        "already-claimed",
        world(rollbacks=(past(fingerprint="f1", starts_at=ONSET),)),
        world(rollbacks=(past(fingerprint="f1", starts_at=ONSET - SECOND),)),
    ),
    (
        "condemned",
        world(rollbacks=(past(blamed_hash=V2.template_hash),)),
        world(rollbacks=(past(blamed_hash=V2.template_hash, undone_at=None),)),
    ),
    (
        "condemned",
        world(rollbacks=(past(blamed_hash=V2.template_hash, undone_at=NOW - timedelta(days=30)),)),
        world(rollbacks=(past(blamed_hash=V2.template_hash, undone_at=NOW - timedelta(days=30) - SECOND),)),
    ),
    (
        "condemned",
        world(rollbacks=(past(blamed_hash=V2.template_hash, cleared_at=NOW - timedelta(hours=1) - SECOND),)),
        world(rollbacks=(past(blamed_hash=V2.template_hash, cleared_at=NOW - timedelta(hours=1)),)),
    ),
    (
        # Each record that condemns a template has to be cleared.
        "condemned",
        world(rollbacks=(past(blamed_hash=V2.template_hash, cleared_at=NOW), past(blamed_hash=V2.template_hash))),
        world(rollbacks=(past(blamed_hash=V2.template_hash, cleared_at=NOW), past())),
    ),
    ("restore", world(workload=workload(V1, V2, V3_RESTORED_V1)), world(workload=workload(V1, V2, revision(3)))),
    (
        "over-budget",
        world(rollbacks=(on_record(Phase.OVER_BUDGET),), over_budget="5 undos in namespace prod"),
        world(rollbacks=(on_record(Phase.OVER_BUDGET),)),
    ),
    (
        "over-budget",
        world(rollbacks=(on_record(Phase.OVER_BUDGET),), over_budget="5 undos in namespace prod"),
        world(rollbacks=(on_record(Phase.FAILED),), over_budget="5 undos in namespace prod"),
    ),
    (
        "over-budget",
        world(rollbacks=(on_record(Phase.OVER_BUDGET),), over_budget="5 undos in namespace prod"),
        world(over_budget="5 undos in namespace prod"),
    ),
    (
        "in-cooldown",
        world(rollbacks=(past(undone_at=NOW - timedelta(minutes=5) + SECOND),)),
        world(rollbacks=(past(undone_at=NOW - timedelta(minutes=5)),)),
    ),
]
