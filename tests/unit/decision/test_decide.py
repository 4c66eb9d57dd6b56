"""Each reason has a world that reaches it, and a neighbouring world that does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from receiver.decision import reasons
from receiver.decision.decide import decide, ignore_early
from receiver.decision.evidence import Answer, Count, Observation, Shown
from receiver.decision.identity import rollback_name
from receiver.decision.phases import Phase
from receiver.decision.reasons import ALL_REASONS
from receiver.decision.references import Dependencies, Finding, NeededKind, Reference
from receiver.decision.values import Decision, Defaults, Interval, Mode, NamespaceFacts, PastRollback, World
from receiver.decision.workload_label import named_workloads
from tests.unit.scenario import (
    NOW,
    ONSET,
    ROLLOUT,
    V1,
    V2,
    alert,
    evidence,
    labelled,
    namespace,
    past,
    revision,
    workload,
    world,
)

SECOND = timedelta(seconds=1)
MODE = "metricops.dev/rollback"


def mode(value: str | None) -> Any:
    return workload(labels={MODE: value} if value else {})


def saying(irreversible: str) -> Any:
    return workload(annotations={"metricops.dev/irreversible": irreversible})


V3_RESTORED_V1 = revision(3, "shop:1", earlier=(1,))
OLD = Interval(NOW - timedelta(minutes=31), NOW - timedelta(minutes=30, seconds=1))
JUST_IN_TIME = Interval(NOW - timedelta(minutes=31), NOW - timedelta(minutes=30))
AGES_AGO = NOW - timedelta(minutes=30, seconds=1)
OWN_NAME = rollback_name(workload(), V2)


def on_record(phase: Phase) -> Any:
    """An earlier attempt at this very revision that ended without an undo."""
    return past(name=OWN_NAME, phase=phase, undone_at=None)


REQUIRE = {"metricops.dev/evidence": "require-evidence"}
REQUIRING = workload(annotations=REQUIRE)

AT_LEAST_ONE = {"metricops.dev/minimum-failed-events": "1"}
NINE = evidence(count=Count(9, 20, ROLLOUT))


def at_least(failed: str) -> Any:
    return workload(annotations={"metricops.dev/minimum-failed-events": failed})


OBSERVE = {"metricops.dev/observe-first": "2"}
LONG_AGO = NOW - timedelta(days=29)


def observed(annotation: str | None, value: str = "enabled") -> Any:
    said = {} if annotation is None else {"metricops.dev/observe-first": annotation}
    return workload(labels={MODE: value}, annotations=said)


def observing(*rollbacks: PastRollback, annotation: str | None = "2", **changes: Any) -> World:
    return world(workload=observed(annotation), rollbacks=rollbacks, **changes)


def dry_run(name: str) -> PastRollback:
    return past(name=name, phase=Phase.DRY_RUN, mode=Mode.DRY_RUN, undone_at=None)


BEGAN = Interval(ROLLOUT, ROLLOUT + SECOND)


def label_written(at: datetime) -> tuple[dict[str, Any], ...]:
    """managedFields of an object whose opt-in label was written then."""
    fields: dict[str, Any] = {"f:metadata": {"f:labels": {".": {}, f"f:{MODE}": {}}}}
    return ({"manager": "kubectl-label", "operation": "Update", "time": at.isoformat(), "fieldsV1": fields},)


def opted_in(at: datetime, value: str = "enabled", **changes: Any) -> World:
    return world(workload=workload(labels={MODE: value}, managed_fields=label_written(at)), **changes)


def enabled_namespace(at: datetime, value: str = "enabled") -> NamespaceFacts:
    return NamespaceFacts({MODE: value}, {}, label_written(at))


def using(*, is_there: bool | None = True, changed_at: datetime | None = None) -> World:
    """A world in which the target uses a ConfigMap."""
    reference = Reference(NeededKind.CONFIG_MAP, "config")
    found = Finding(reference, is_there, (), changed_at, "ci")
    return world(dependencies=Dependencies(V1.template_hash, (found,)))


CASES: list[tuple[str, World, World]] = [
    # reason, a world that reaches it, its neighbour that does not
    ("not-firing", world(alert=alert(status="resolved")), world()),
    ("not-asked", world(alert=labelled(metricops="yes")), world()),
    ("not-asked", world(alert=labelled(metricops="")), world()),
    ("no-workload-label", world(alert=labelled(namespace="")), world()),
    ("no-workload-label", world(alert=labelled(deployment="")), world()),
    ("no-workload-label", world(alert=labelled(statefulset="db")), world()),
    ("workload-not-found", world(workload=None), world()),
    ("not-opted-in", world(workload=mode(None)), world(workload=mode(None), namespace=namespace({MODE: "enabled"}))),
    ("not-opted-in", world(workload=mode("disabled")), world(workload=mode("enabled"))),
    (
        "not-opted-in",
        world(workload=mode("disabled"), namespace=namespace({MODE: "enabled"})),
        world(workload=mode("enabled"), namespace=namespace({MODE: "enabled"})),
    ),
    ("not-opted-in", world(namespace=namespace({MODE: "disabled"})), world(namespace=namespace({MODE: "enabled"}))),
    ("invalid-policy", world(workload=mode("on")), world()),
    ("invalid-policy", world(namespace=namespace({MODE: "Enabled"})), world(namespace=namespace({MODE: "enabled"}))),
    (
        "invalid-policy",
        world(workload=workload(annotations={"metricops.dev/cooldown": "5 minutes"})),
        world(workload=workload(annotations={"metricops.dev/cooldown": "5m"})),
    ),
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
        "too-late",
        world(workload=workload(rollout_began=OLD), alert=alert(starts_at=AGES_AGO)),
        world(workload=workload(rollout_began=JUST_IN_TIME), alert=alert(starts_at=AGES_AGO)),
    ),
    (
        "too-late",
        world(workload=workload(rollout_began=OLD), alert=alert(starts_at=AGES_AGO)),
        world(workload=workload(rollout_began=OLD), alert=alert(starts_at=AGES_AGO + SECOND)),
    ),
    (
        "too-late",
        world(workload=workload(rollout_began=OLD), alert=alert(starts_at=AGES_AGO)),
        world(
            workload=workload(rollout_began=OLD, annotations={"metricops.dev/act-within": "1h"}),
            alert=alert(starts_at=AGES_AGO),
        ),
    ),
    ("opted-in-later", opted_in(ONSET + SECOND), opted_in(ONSET)),
    # A release writes the label as well: what is as old as the rollout says nothing about the opt-in.
    (
        "opted-in-later",
        opted_in(BEGAN.latest + SECOND, alert=alert(starts_at=ROLLOUT)),
        opted_in(BEGAN.latest, alert=alert(starts_at=ROLLOUT)),
    ),
    ("opted-in-later", opted_in(ONSET + SECOND, "dry-run"), opted_in(ONSET + SECOND, "approve")),
    ("mode-paused", opted_in(ONSET + SECOND, "paused"), opted_in(ONSET)),
    (
        "opted-in-later",
        world(workload=mode(None), namespace=enabled_namespace(ONSET + SECOND)),
        world(workload=mode(None), namespace=enabled_namespace(ONSET)),
    ),
    # Both say so: the earlier one is enough.
    (
        "opted-in-later",
        opted_in(ONSET + SECOND, namespace=enabled_namespace(ONSET + SECOND)),
        opted_in(ONSET + SECOND, namespace=enabled_namespace(ONSET)),
    ),
    (
        "opted-in-later",
        opted_in(ONSET + SECOND, namespace=enabled_namespace(ONSET, "dry-run")),
        opted_in(ONSET, namespace=enabled_namespace(ONSET, "dry-run")),
    ),
    ("fired-while-stopped", world(released_at=ONSET + SECOND), world(released_at=ONSET)),
    ("fired-while-stopped", world(released_at=ONSET + SECOND, workload=mode("dry-run")), world()),
    ("approve", world(released_at=ONSET + SECOND, workload=mode("approve")), world()),
    ("before-rollout", world(alert=alert(starts_at=ROLLOUT - SECOND)), world(alert=alert(starts_at=ROLLOUT))),
    ("before-rollout", world(workload=workload(current=None, rollout_began=None)), world()),
    (
        "outside-attribution-window",
        world(workload=workload(annotations={"metricops.dev/attribution-window": "58s"})),
        world(workload=workload(annotations={"metricops.dev/attribution-window": "59s"})),
    ),
    (
        "outside-attribution-window",
        world(workload=workload(), namespace=namespace(annotations={"metricops.dev/attribution-window": "58s"})),
        world(
            workload=workload(annotations={"metricops.dev/attribution-window": "59s"}),
            namespace=namespace(annotations={"metricops.dev/attribution-window": "58s"}),
        ),
    ),
    (
        "before-rollout",
        world(evidence=evidence(active_at=ROLLOUT - SECOND, before=Observation())),
        world(evidence=evidence()),
    ),
    (
        # An alert that goes on since an earlier bad release does not protect a second one.
        "before-rollout",
        world(alert=alert(starts_at=ROLLOUT - SECOND), evidence=evidence(since=Observation())),
        world(alert=alert(starts_at=ROLLOUT - SECOND), evidence=evidence()),
    ),
    (
        # The SLI's own onset counts, however long the alert has gone on, or however late it came.
        "outside-attribution-window",
        world(
            workload=workload(annotations={"metricops.dev/attribution-window": "1m"}),
            alert=alert(starts_at=ROLLOUT - SECOND),
            evidence=evidence(onset=ROLLOUT + timedelta(seconds=62)),
        ),
        world(
            workload=workload(annotations={"metricops.dev/attribution-window": "1m"}),
            alert=alert(starts_at=ROLLOUT - SECOND),
            evidence=evidence(onset=ROLLOUT + timedelta(seconds=61)),
        ),
    ),
    (
        "outside-attribution-window",
        world(
            workload=workload(annotations={"metricops.dev/attribution-window": "30s"}),
            evidence=evidence(onset=ROLLOUT + timedelta(seconds=9), before=Observation()),
        ),
        world(
            workload=workload(annotations={"metricops.dev/attribution-window": "30s"}),
            evidence=evidence(onset=ROLLOUT + timedelta(seconds=9)),
        ),
    ),
    ("configuration-changed", using(changed_at=ROLLOUT), using(changed_at=ROLLOUT - timedelta(minutes=1))),
    ("dependency-gone", using(is_there=False), using(is_there=None)),
    ("not-true", world(evidence=evidence(shown=Shown.ABSENT)), world(evidence=evidence(shown=Shown.UNKNOWN))),
    ("bad-before", world(evidence=evidence(before=Answer.BAD)), world(evidence=evidence(before=Answer.GOOD))),
    ("good-since", world(evidence=evidence(since=Answer.GOOD)), world(evidence=evidence(since=Answer.UNKNOWN))),
    (
        "too-few-events",
        world(evidence=evidence(count=Count(4, 9, ROLLOUT))),
        world(evidence=evidence(count=Count(5, 9, ROLLOUT))),
    ),
    ("too-few-events", world(evidence=evidence(count=Count(0, 0, ROLLOUT))), world(evidence=evidence(count=None))),
    (
        "too-few-events",
        world(workload=at_least("10"), namespace=namespace(annotations=AT_LEAST_ONE), evidence=NINE),
        world(workload=at_least("9"), namespace=namespace(annotations=AT_LEAST_ONE), evidence=NINE),
    ),
    (
        "too-few-events",
        world(defaults=Defaults(minimum_failed_events=10), evidence=NINE),
        world(
            defaults=Defaults(minimum_failed_events=10), namespace=namespace(annotations=AT_LEAST_ONE), evidence=NINE
        ),
    ),
    ("good-since", world(evidence=evidence(since=Answer.GOOD, count=Count(0, 9, ROLLOUT))), world(evidence=NINE)),
    ("invalid-policy", world(workload=at_least("-1")), world(workload=at_least("0"))),
    ("invalid-policy", world(workload=at_least("1000001")), world(workload=at_least("1000000"))),
    ("invalid-policy", world(workload=at_least("9" * 5000)), world()),
    ("no-evidence", world(workload=REQUIRING), world(workload=REQUIRING, evidence=evidence())),
    (
        "no-evidence",
        world(workload=REQUIRING, evidence=evidence(before=Observation())),
        world(evidence=evidence(before=Observation())),
    ),
    (
        "no-evidence",
        world(namespace=namespace(annotations=REQUIRE), evidence=evidence(shown=Shown.UNKNOWN)),
        world(namespace=namespace(annotations=REQUIRE), evidence=evidence()),
    ),
    (
        "invalid-policy",
        world(workload=workload(annotations={"metricops.dev/evidence": "maybe"})),
        world(workload=workload(annotations={"metricops.dev/evidence": "trust-alert"})),
    ),
    (
        "wide-fault",
        world(evidence=evidence(began_elsewhere=("a", "b", "c"))),
        world(evidence=evidence(began_elsewhere=("a", "b"))),
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
    ("irreversible", world(workload=saying("true")), world(workload=saying("false"))),
    ("irreversible", world(workload=saying("schema 12")), world()),
    ("owned", world(workload=workload(controlled_by="Rollout/shop")), world()),
    (
        "gitops-owner",
        world(workload=workload(annotations={"argocd.argoproj.io/tracking-id": "apps:apps/Deployment:prod/shop"})),
        world(workload=workload(annotations={"argocd.argoproj.io/sync-wave": "1"})),
    ),
    (
        "gitops-owner",
        world(workload=workload(labels={MODE: "enabled", "kustomize.toolkit.fluxcd.io/name": "apps"})),
        world(workload=workload(labels={MODE: "enabled", "app.kubernetes.io/instance": "apps"})),
    ),
    (
        "gitops-owner",
        world(workload=workload(labels={MODE: "enabled", "helm.toolkit.fluxcd.io/name": "shop"})),
        world(workload=workload(labels={MODE: "enabled", "app.kubernetes.io/managed-by": "Helm"})),
    ),
    ("stopped", world(stopped="the switch says stop"), world(stopped=None)),
    ("mode-paused", world(workload=mode("paused")), world(workload=mode("enabled"))),
    ("mode-paused", world(namespace=namespace({MODE: "paused"})), world(namespace=namespace({MODE: "dry-run"}))),
    ("rollout-paused", world(workload=workload(paused=True)), world()),
    ("no-target", world(workload=workload(V2)), world()),
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
    ("undo", world(), world(workload=mode("dry-run"))),
    ("dry-run", world(workload=mode("dry-run")), world()),
    ("approve", world(workload=mode("approve")), world()),
    ("observing", observing(), observing(annotation="0")),
    ("observing", observing(dry_run("a")), observing(dry_run("a"), dry_run("b"))),
    # The decision about this very revision does not count: the next delivery would act on it.
    ("already-claimed", observing(dry_run("a"), dry_run(OWN_NAME)), observing(dry_run("a"), dry_run("b"))),
    ("observing", observing(past(phase=Phase.EXPIRED, undone_at=None)), observing(past(undone_at=LONG_AGO))),
    ("observing", observing(defaults=Defaults(observe_first=1), annotation=None), observing(annotation=None)),
    (
        "observing",
        world(namespace=namespace(annotations=OBSERVE)),
        world(namespace=namespace(annotations=OBSERVE), workload=observed("0")),
    ),
    ("approve", world(workload=observed("2", "approve")), observing()),
    ("dry-run", world(workload=observed("2", "dry-run")), observing()),
    ("invalid-policy", observing(annotation="-1"), observing()),
    ("invalid-policy", observing(annotation="1001"), observing(annotation="1000")),
    ("invalid-policy", observing(annotation="two"), observing()),
]


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
