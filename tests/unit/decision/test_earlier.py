from __future__ import annotations

from datetime import timedelta

from receiver.decision.earlier import earlier_release_ran_for
from receiver.decision.values import Interval, RestoredBy
from tests.unit.scenario import NOW, ROLLOUT, V1, V2, revision, workload

MINUTE = timedelta(minutes=1)


def test_from_the_revision_before() -> None:
    assert earlier_release_ran_for(workload()) == ROLLOUT - V1.created_at
    third = revision(3)
    began = Interval(ROLLOUT + MINUTE, ROLLOUT + MINUTE)
    assert earlier_release_ran_for(workload(V1, V2, third, rollout_began=began)) == MINUTE


def test_from_our_undo_before() -> None:
    restored = RestoredBy("shop-2", V1.template_hash, ROLLOUT - 2 * MINUTE)
    assert earlier_release_ran_for(workload(restored_by=restored)) == 2 * MINUTE
    own = RestoredBy("shop-2", V1.template_hash, ROLLOUT)
    assert earlier_release_ran_for(workload(restored_by=own)) == ROLLOUT - V1.created_at


def test_nothing_is_known() -> None:
    assert earlier_release_ran_for(workload(V2)) is None
    assert earlier_release_ran_for(workload(rollout_began=None)) is None
    younger = revision(1, created_at=NOW)
    assert earlier_release_ran_for(workload(younger, V2)) is None
