from __future__ import annotations

import copy

from receiver.decision.decide import decide
from receiver.rollbacks.record import new_rollback
from receiver.rollbacks.store import readable
from tests.unit.scenario import NOW, world


def test_a_record_that_cannot_be_read_does_not_stop_the_others() -> None:
    given = world()
    assert given.workload is not None
    good = new_rollback(decide(given), given.alert, given.workload, NOW)
    good["metadata"] |= {"uid": "r", "resourceVersion": "1"}
    without_target, with_odd_time, with_odd_phase = (copy.deepcopy(good) for _ in range(3))
    del without_target["spec"]["target"]
    with_odd_time["spec"]["claimedAt"] = "yesterday"
    with_odd_phase["status"] = {"phase": "Nowhere"}
    found = readable([without_target, good, with_odd_time, with_odd_phase])
    assert [rollback.name for rollback in found] == [good["metadata"]["name"]]
