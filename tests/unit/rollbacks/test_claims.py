"""Where the source is asked: wherever its answer can turn a refusal into a claim."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from receiver.decision.decide import decide
from receiver.decision.evidence import Answer
from receiver.decision.values import World
from receiver.rollbacks.claims import EVIDENCE_MAY_CHANGE
from tests.unit.scenario import ROLLOUT, alert, evidence, workload, world

SECOND = timedelta(seconds=1)
NARROW = workload(annotations={"metricops.dev/attribution-window": "1m"})
REQUIRING = workload(annotations={"metricops.dev/evidence": "require-evidence"})


@pytest.mark.parametrize(
    "asked",
    [
        # The alert goes on since an earlier release.
        world(alert=alert(starts_at=ROLLOUT - SECOND), evidence=evidence(onset=ROLLOUT + SECOND)),
        # The alert's long window was slow.
        world(
            workload=NARROW,
            alert=alert(starts_at=ROLLOUT + timedelta(seconds=90)),
            evidence=evidence(onset=ROLLOUT + SECOND, active_at=ROLLOUT + timedelta(seconds=90)),
        ),
        world(workload=REQUIRING, evidence=evidence(before=Answer.GOOD)),
    ],
)
def test_the_source_is_asked_where_it_can_take_a_refusal_back(asked: World) -> None:
    assert decide(asked).claims
    unasked = decide(replace(asked, evidence=None))
    assert not unasked.claims
    assert unasked.reason in EVIDENCE_MAY_CHANGE
