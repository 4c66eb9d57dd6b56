"""The phases after the PATCH: what each look at the workload and at the source leads to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from receiver.decision.evidence import Answer, Bound, Observation
from receiver.decision.phases import Phase
from receiver.decision.recovery import AlertState, Standing
from receiver.rollbacks.after_undo import hangs, time_to_recover
from receiver.rollbacks.conditions import with_conditions
from receiver.rollbacks.machine import is_finished, next_step
from receiver.rollbacks.record import Rollback
from receiver.rollbacks.steps import Move, Note, Step, View, Wait
from receiver.timestamps import format_time
from tests.unit.rollbacks.test_machine import RESTORED, SECOND, TIMING, V3_RESTORED_V1, moved, rollback, step
from tests.unit.scenario import NOW, V1, V2, revision, workload, world

WINDOW = timedelta(minutes=5)
DEADLINE = WINDOW + TIMING.settle
"""How long a workload may take whose SLI looks back five minutes."""


class TestUndoing:
    record = rollback(Phase.UNDOING, undoneAt=format_time(NOW))

    def test_waits_for_the_rollout(self) -> None:
        assert isinstance(step(self.record, workload=replace(RESTORED, rollout_complete=False)), Wait)

    def test_complete(self) -> None:
        assert moved(step(self.record, workload=RESTORED)) == (Phase.ROLLED_BACK, "rollout-complete")

    def test_deadline(self) -> None:
        hanging = replace(RESTORED, rollout_complete=False)
        assert isinstance(step(self.record, workload=hanging, now=NOW + TIMING.rollout_deadline), Wait)
        found = step(self.record, workload=hanging, now=NOW + TIMING.rollout_deadline + SECOND)
        assert found == Move(Phase.FAILED, "rollout-deadline", "the rollout did not complete within 10m")

    def test_what_blocks_is_told_once(self) -> None:
        hanging = world(workload=replace(RESTORED, rollout_complete=False), now=NOW + 11 * SECOND)
        view = View(hanging, Standing(), TIMING, "pod a: OOMKilled")
        found = next_step(self.record, view)
        assert isinstance(found, Note)
        (condition,) = found.conditions
        assert (condition.type, condition.status, condition.reason) == ("RolloutComplete", "False", "blocked")
        assert condition.message == found.fields["message"] == "the rollout hangs: pod a: OOMKilled"

        told = rollback(
            Phase.UNDOING, undoneAt=format_time(NOW), conditions=with_conditions(self.record, found.conditions, NOW)
        )
        assert isinstance(next_step(told, view), Wait)
        assert isinstance(next_step(told, replace(view, blocked_by="pod b: OOMKilled")), Note)
        late = replace(hanging, now=NOW + TIMING.rollout_deadline + SECOND)
        ended = next_step(told, replace(view, world=late))
        assert moved(ended) == (Phase.FAILED, "rollout-deadline")
        assert isinstance(ended, Move)
        assert ended.message == "the rollout did not complete within 10m: pod a: OOMKilled"

    def test_a_rollout_that_takes_a_while_hangs(self) -> None:
        assert not hangs(self.record, TIMING, NOW + 10 * SECOND)
        assert hangs(self.record, TIMING, NOW + 11 * SECOND)

    def test_the_blamed_template_comes_back(self) -> None:
        assert moved(step(self.record, workload=workload())) == (Phase.CONTESTED, "template-came-back")

    def test_fixed_forward(self) -> None:
        found = step(self.record, workload=workload(V1, V2, V3_RESTORED_V1, revision(4)))
        assert moved(found) == (Phase.SUPERSEDED, "template-changed")

    def test_deleted(self) -> None:
        assert moved(step(self.record, workload=None)) == (Phase.SUPERSEDED, "workload-gone")


def standing(alert: AlertState, sli: Answer = Answer.UNKNOWN, window: timedelta = WINDOW, **changes: Any) -> Standing:
    """What a source says whose rule carries an SLI."""
    value = {Answer.GOOD: 0.01, Answer.BAD: 0.3, Answer.UNKNOWN: None}[sli]
    return replace(Standing(alert, Observation(sli, value, NOW), Bound(0.1), window), **changes)


GOOD = standing(AlertState.ABSENT, Answer.GOOD)
BAD = standing(AlertState.ABSENT, Answer.BAD)
NO_VALUE = standing(AlertState.ABSENT)
ACTIVE = standing(AlertState.ACTIVE)
NO_SLI = Standing(AlertState.ABSENT)
ACTIVE_NO_SLI = Standing(AlertState.ACTIVE)
SILENT = Standing()


def record(**status: Any) -> Rollback:
    return rollback(Phase.ROLLED_BACK, undoneAt=format_time(NOW), rolledBackAt=format_time(NOW), **status)


QUIET = record(quietSince=format_time(NOW))


def at(given: Rollback, after: timedelta, seen: Standing) -> Step:
    looked = world(rollbacks=(given.as_past(),), workload=RESTORED, now=NOW + after)
    return next_step(given, View(looked, seen, TIMING))


def recovery_unknown(found: Step) -> tuple[str, str]:
    """The reason and the message of an end without a claim."""
    assert isinstance(found, Note), found
    assert found.fields["recoveryUnknown"] is True
    (condition,) = found.conditions
    assert (condition.type, condition.status) == ("Recovered", "Unknown")
    assert condition.reason == found.fields["reason"]
    assert condition.message == found.fields["message"]
    return condition.reason, condition.message


class TestSettling:
    def test_begins_when_the_alert_is_absent_and_the_sli_good(self) -> None:
        assert at(record(), SECOND, GOOD) == Note({"quietSince": format_time(NOW + SECOND)})

    @pytest.mark.parametrize("seen", [ACTIVE, BAD, NO_VALUE, SILENT, ACTIVE_NO_SLI])
    def test_does_not_begin_otherwise(self, seen: Standing) -> None:
        assert at(record(), SECOND, seen) == Wait(NOW + SECOND + 2 * TIMING.poll)

    @pytest.mark.parametrize("seen", [ACTIVE, BAD, NO_VALUE, SILENT, ACTIVE_NO_SLI])
    def test_begins_anew_after_a_relapse(self, seen: Standing) -> None:
        assert at(QUIET, SECOND, seen) == Note({"quietSince": None})

    def test_ends_in_recovered(self) -> None:
        assert isinstance(at(QUIET, TIMING.settle - SECOND, GOOD), Wait)
        found = at(QUIET, TIMING.settle, GOOD)
        assert moved(found) == (Phase.RECOVERED, "sli-good")
        assert isinstance(found, Move)
        assert found.message == "for 1m the alert has been absent and the SLI good: 0.01, bad is > 0.1"
        assert found.fields == {"recoveredAt": format_time(NOW + TIMING.settle)}

    def test_goes_on_past_the_deadline(self) -> None:
        late = record(quietSince=format_time(NOW + DEADLINE))
        assert isinstance(at(late, DEADLINE + SECOND, GOOD), Wait)
        assert moved(at(late, DEADLINE + TIMING.settle, GOOD)) == (Phase.RECOVERED, "sli-good")

    def test_without_an_sli_is_never_a_recovery(self) -> None:
        assert at(record(), SECOND, NO_SLI) == Note({"quietSince": format_time(NOW + SECOND)})
        assert isinstance(at(QUIET, TIMING.settle - SECOND, NO_SLI), Wait)
        reason, message = recovery_unknown(at(QUIET, TIMING.settle, NO_SLI))
        assert reason == "no-sli"
        assert "absent for 1m" in message

    def test_looks_again_soon_and_at_the_end_of_the_settling_time(self) -> None:
        assert at(QUIET, SECOND, GOOD) == Wait(NOW + SECOND + 4 * TIMING.poll)
        assert at(QUIET, TIMING.settle - SECOND, GOOD) == Wait(NOW + TIMING.settle)


class TestDeadline:
    """Rollout time, the SLI's window, the settling time; never more than `recovery_deadline`."""

    @pytest.mark.parametrize(("seen", "reason"), [(ACTIVE, "alert-active"), (BAD, "sli-bad")])
    def test_not_recovered(self, seen: Standing, reason: str) -> None:
        for before in (record(), QUIET):
            assert not isinstance(at(before, DEADLINE, seen), Move)
            found = at(before, DEADLINE + SECOND, seen)
            assert moved(found) == (Phase.NOT_RECOVERED, reason)
            assert isinstance(found, Move)
            assert "6m1s" in found.message
            assert found.fields == {"quietSince": None}

    @pytest.mark.parametrize(
        ("seen", "reason", "said"),
        [
            (NO_VALUE, "sli-unknown", "no value"),
            (SILENT, "alert-unknown", "no source"),
            (replace(ACTIVE, alert=AlertState.UNKNOWN), "alert-unknown", "no source"),
        ],
    )
    def test_what_nobody_knows_waits_for_the_longest(self, seen: Standing, reason: str, said: str) -> None:
        assert isinstance(at(record(), DEADLINE + SECOND, seen), Wait)
        assert isinstance(at(record(), TIMING.recovery_deadline, seen), Wait)
        found, message = recovery_unknown(at(record(), TIMING.recovery_deadline + SECOND, seen))
        assert found == reason
        assert said in message

    def test_an_alert_of_a_rule_without_an_sli(self) -> None:
        assert isinstance(at(record(), TIMING.recovery_deadline, ACTIVE_NO_SLI), Wait)
        found = at(record(), TIMING.recovery_deadline + SECOND, ACTIVE_NO_SLI)
        assert moved(found) == (Phase.NOT_RECOVERED, "alert-active")

    @pytest.mark.parametrize("seen", [ACTIVE, BAD])
    def test_a_window_that_looks_back_before_the_rollout_proves_nothing(self, seen: Standing) -> None:
        bound = TIMING.recovery_deadline
        just_passed = replace(seen, window=bound - timedelta(minutes=1))
        assert isinstance(at(record(), bound + SECOND, just_passed), Move)
        linger = replace(just_passed, lingers=timedelta(minutes=2))
        assert isinstance(at(record(), bound, linger), Wait)
        reason, message = recovery_unknown(at(record(), bound + SECOND, linger))
        assert reason == "window-too-long"
        assert message.startswith("after 15m1s ")
        assert message.endswith("they reach back 16m, recovery_deadline is 15m")
        assert isinstance(at(record(), bound + SECOND, replace(seen, window=bound + SECOND)), Move)

    def test_an_alert_that_is_kept_firing_has_that_much_longer(self) -> None:
        kept = replace(ACTIVE, lingers=timedelta(minutes=2))
        assert time_to_recover(kept, TIMING) == DEADLINE + timedelta(minutes=2)
        assert isinstance(at(record(), DEADLINE + timedelta(minutes=2), kept), Wait)
        found = at(record(), DEADLINE + timedelta(minutes=2) + SECOND, kept)
        assert moved(found) == (Phase.NOT_RECOVERED, "alert-active")


def test_an_end_without_a_claim_needs_nobody() -> None:
    assert is_finished(record(recoveryUnknown=True))
    assert not is_finished(record())


def test_contested_names_who() -> None:
    found = step(record(), workload=workload(template_writer="argocd-controller"))
    assert moved(found) == (Phase.CONTESTED, "template-came-back")
    assert isinstance(found, Move)
    assert "argocd-controller" in found.message
