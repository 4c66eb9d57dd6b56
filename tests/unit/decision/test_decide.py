"""Each reason has a world that reaches it, and a neighbouring world that does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from receiver.decision import reasons
from receiver.decision.decide import decide, ignore_early
from receiver.decision.phases import Phase
from receiver.decision.reasons import ALL_REASONS
from receiver.decision.values import Decision, Interval, Mode, World
from receiver.decision.workload_label import named_workloads
from tests.unit.decision.cases import CASES
from tests.unit.decision.cases.opting_in import dry_run, observing
from tests.unit.decision.cases.worlds import MODE, OWN_NAME, SECOND
from tests.unit.scenario import NOW, ONSET, ROLLOUT, V1, V2, alert, labelled, past, workload, world


@pytest.mark.parametrize(("word", "reaching", "neighbour"), CASES, ids=[f"{n}-{c[0]}" for n, c in enumerate(CASES)])
def test_reason_and_its_neighbour(word: str, reaching: World, neighbour: World) -> None:
    assert decide(reaching).reason.word == word
    assert decide(neighbour).reason.word != word


def test_a_namespace_that_is_not_watched() -> None:
    asked = labelled(namespace="prod", deployment="shop", metricops="undo")
    ref = named_workloads(asked)[0]
    assert ignore_early(asked) == ignore_early(asked, "prod") == ref
    elsewhere = ignore_early(asked, "staging")
    assert isinstance(elsewhere, Decision)
    assert (elsewhere.reason, elsewhere.ref) == (reasons.NOT_WATCHED, ref)
    assert elsewhere.detail == "deployment/shop in prod is not in namespace staging"


def test_every_reason_has_a_case() -> None:
    # A silence is looked for just before the undo, after the decision (tests/cluster/test_resync.py).
    assert {case[0] for case in CASES} == {reason.word for reason in ALL_REASONS} - {
        reasons.SILENCED.word,
        reasons.NOT_WATCHED.word,
    }


def test_reason_words_are_unique_and_explained() -> None:
    words = [reason.word for reason in ALL_REASONS]
    assert len(set(words)) == len(words)
    assert all(reason.meaning.endswith(".") and reason.remedy for reason in ALL_REASONS)


def test_claim_names_blamed_and_target() -> None:
    decision = decide(world())
    assert decision.claims
    assert decision.mode is Mode.ENABLED
    assert decision.blamed == V2
    assert decision.target == V1
    assert decision.rollback == OWN_NAME


def test_cooldown_defers_to_its_end_and_still_names_the_target() -> None:
    undone = NOW - timedelta(minutes=1)
    decision = decide(world(rollbacks=(past(undone_at=undone),)))
    assert decision.claims
    assert decision.not_before == undone + timedelta(minutes=5)
    assert decision.target == V1


def test_an_observed_decision_says_so_and_claims_a_dry_run() -> None:
    decision = decide(observing(dry_run("a")))
    assert decision.claims
    assert decision.mode is Mode.DRY_RUN
    assert decision.detail == "revision 2 (shop-2) to revision 1 (shop-1) (observing, decision 2 of 2)"


def test_an_observed_decision_may_be_acted_upon_once_somebody_says_so() -> None:
    seen = (dry_run(OWN_NAME),)
    assert decide(observing(*seen)).reason.word == "already-claimed"
    assert decide(observing(*seen, annotation="0")).reason.word == "undo"


def test_own_record_is_not_its_own_duplicate() -> None:
    records = (past(name=OWN_NAME, phase=Phase.CLAIMED, undone_at=None, fingerprint="f1", starts_at=ONSET),)
    assert decide(world(rollbacks=records)).reason.word == "already-claimed"
    assert decide(world(rollbacks=records), own_record=OWN_NAME).reason.word == "undo"


def test_inside_the_rollout_interval_the_clocks_do_not_clear() -> None:
    wide = Interval(ONSET - SECOND, ONSET + SECOND)
    assert decide(world(workload=workload(rollout_began=wide))).reason.word == "undo"


def test_refusals_come_in_the_order_of_the_design() -> None:
    """A world with everything wrong is refused for the first reason; mending it step by step walks down the list."""
    late = NOW - timedelta(hours=2)
    wrong = world(
        alert=alert(starts_at=late - SECOND),
        workload=workload(
            V2,
            paused=True,
            rollout_began=Interval(late, late),
            labels={MODE: "paused"},
        ),
        rollbacks=(
            past(name=OWN_NAME, phase=Phase.RECOVERED),
            past(blamed_hash=V2.template_hash, undone_at=NOW - timedelta(minutes=1)),
        ),
        stopped="stop",
    )
    assert wrong.workload is not None
    mends = [
        ("already-claimed", {"rollbacks": wrong.rollbacks[1:]}),
        (
            "too-late",
            {
                "alert": alert(starts_at=ROLLOUT - SECOND),
                "workload": replace(wrong.workload, rollout_began=Interval(ROLLOUT, ROLLOUT)),
            },
        ),
        ("before-rollout", {"alert": alert()}),
        ("condemned", {"rollbacks": ()}),
        ("stopped", {"stopped": None}),
        ("mode-paused", {"workload": workload(V2, paused=True)}),
        ("rollout-paused", {"workload": workload(V2)}),
        ("no-target", {"workload": workload()}),
    ]
    for word, mend in mends:
        assert decide(wrong).reason.word == word
        wrong = replace(wrong, **mend)  # type: ignore[arg-type]
    assert decide(wrong).reason.word == "undo"
