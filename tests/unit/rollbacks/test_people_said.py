"""What a person says on a record after the undo: taken back, cleared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from receiver.decision.decide import decide
from receiver.decision.phases import Phase
from receiver.decision.values import RestoredBy
from receiver.rollbacks.record import Rollback
from receiver.rollbacks.steps import Move
from receiver.timestamps import format_time
from tests.unit.rollbacks.test_machine import V3_RESTORED_V1, moved, rollback, step
from tests.unit.scenario import NOW, V1, V2, alert, revision, workload, world

SAID = {"by": "ann", "at": format_time(NOW)}
BACK = workload(V1, V3_RESTORED_V1, revision(4, "shop:2", earlier=(2,)))


def undone(phase: Phase, **said: Any) -> Rollback:
    record = rollback(phase, undoneAt=format_time(NOW), rolledBackAt=format_time(NOW))
    return replace(record, **said)


@pytest.mark.parametrize("phase", [Phase.UNDOING, Phase.ROLLED_BACK])
class TestTheBlamedTemplateRunsAgain:
    def test_reverted(self, phase: Phase) -> None:
        found = step(undone(phase, reverted=SAID), workload=BACK)
        assert moved(found) == (Phase.SUPERSEDED, "reverted")
        assert isinstance(found, Move)
        assert found.message == "ann took the undo back"

    def test_reverted_by_kubectl_alone(self, phase: Phase) -> None:
        found = step(undone(phase, reverted={"at": SAID["at"]}), workload=BACK)
        assert isinstance(found, Move)
        assert found.message == "a person took the undo back"

    def test_cleared(self, phase: Phase) -> None:
        found = step(undone(phase, cleared=SAID), workload=replace(BACK, template_writer="ci"))
        assert moved(found) == (Phase.SUPERSEDED, "template-cleared")
        assert isinstance(found, Move)
        assert found.message == "ci wrote the blamed template again, which ann had cleared"

    def test_neither(self, phase: Phase) -> None:
        assert moved(step(undone(phase), workload=BACK)) == (Phase.CONTESTED, "template-came-back")

    def test_the_word_alone_moves_nothing(self, phase: Phase) -> None:
        still_restored = workload(V1, V2, V3_RESTORED_V1)
        assert step(undone(phase, reverted=SAID), workload=still_restored) == step(
            undone(phase), workload=still_restored
        )


@pytest.mark.parametrize("said", ["reverted", "cleared"])
def test_a_word_on_the_record_ends_its_condemnation(said: str) -> None:
    assert undone(Phase.RECOVERED).as_past().cleared_at is None
    assert undone(Phase.RECOVERED, **{said: SAID}).as_past().cleared_at == NOW


def test_after_a_revert_alerts_meet_a_restore() -> None:
    """The alert that fires on, and any other: the reverted release is left by people only."""
    record = undone(Phase.SUPERSEDED, reverted=SAID).as_past()
    noted = replace(BACK, restored_by=RestoredBy(record.name, V2.template_hash, NOW))
    another = alert(fingerprint="another")
    assert decide(world(workload=noted, alert=another, rollbacks=(record,))).reason.word == "restore"
    assert decide(world(workload=BACK, alert=another, rollbacks=(record,))).reason.word == "restore"
    assert decide(world(workload=noted, rollbacks=(record,))).reason.word == "already-claimed"


def test_a_release_after_a_revert_can_be_undone_to_what_was_reverted_to() -> None:
    record = undone(Phase.SUPERSEDED, reverted=SAID).as_past()
    later = workload(V3_RESTORED_V1, revision(4, "shop:2", earlier=(2,)), revision(5))
    decision = decide(
        world(workload=later, alert=alert(fingerprint="another"), rollbacks=(replace(record, undone_at=NOW),))
    )
    assert decision.target is not None
    assert decision.target.number == 4
