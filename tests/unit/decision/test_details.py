"""What a decision says beside its reason: the values that it saw, in words, and the record that it speaks of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from receiver.decision.decide import decide
from receiver.decision.evidence import Answer, Bound, Observation, Shown
from receiver.decision.phases import Phase
from receiver.decision.reason import Verdict
from receiver.decision.values import Interval, Mode, RestoredBy, World
from tests.unit.decision.cases import CASES
from tests.unit.decision.cases.records import V3_RESTORED_V1, on_record
from tests.unit.decision.cases.timing import OLD
from tests.unit.decision.cases.worlds import MODE, OWN_NAME
from tests.unit.scenario import (
    NOW,
    ONSET,
    REF,
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

BEFORE_THE_WORKLOAD = {"not-firing", "not-asked", "no-workload-label"}
BEFORE_THE_POLICY = {"workload-not-found", "invalid-policy", "not-opted-in"}


@pytest.mark.parametrize(
    ("word", "given"), [case[:2] for case in CASES], ids=[f"{n}-{c[0]}" for n, c in enumerate(CASES)]
)
def test_every_decision_says_what_it_saw_and_of_which_workload(word: str, given: World) -> None:
    found = decide(given)
    assert isinstance(found.detail, str)
    assert found.detail
    assert found.claims == (found.verdict in {Verdict.CLAIMED, Verdict.DEFERRED})
    if word in BEFORE_THE_WORKLOAD:
        assert (found.ref, found.mode, found.blamed) == (None, None, None)
        return
    assert found.ref == REF
    if word in BEFORE_THE_POLICY:
        assert (found.mode, found.blamed) == (None, None)
        return
    assert given.workload is not None
    assert isinstance(found.mode, Mode)
    assert found.blamed == given.workload.current
    assert isinstance(found.rollback, str)


def annotated(**annotations: str) -> World:
    return world(workload=workload(annotations={f"metricops.dev/{key}": value for key, value in annotations.items()}))


LATE = alert(starts_at=NOW - timedelta(hours=1))
SEEN = Observation(Answer.BAD, 0.25, ONSET)
SPENT = world(rollbacks=(on_record(Phase.OVER_BUDGET),), over_budget="5 undos in namespace prod")
FLUX = "kustomize.toolkit.fluxcd.io"
ARGO_CD = "argocd.argoproj.io/tracking-id"

SAID: list[tuple[str, World, str]] = [
    ("not-firing", world(alert=alert(status="resolved")), "status is resolved"),
    ("not-asked", world(alert=labelled(metricops="yes")), "label metricops is 'yes'"),
    ("not-asked", world(alert=labelled(metricops="")), "the label is missing"),
    (
        "no-workload-label",
        world(alert=labelled(deployment="")),
        "of namespace, deployment, statefulset, daemonset the alert carries {'namespace': 'prod'}",
    ),
    (
        "no-workload-label",
        world(alert=labelled(deployment="", namespace="")),
        "of namespace, deployment, statefulset, daemonset the alert carries none",
    ),
    ("workload-not-found", world(workload=None), "no deployment/shop in prod"),
    ("not-opted-in", world(workload=workload(labels={})), "mode is disabled by default"),
    ("not-opted-in", world(workload=workload(labels={MODE: "disabled"})), "disabled by deployment/shop in prod"),
    ("not-opted-in", world(namespace=namespace({MODE: "disabled"})), "disabled by namespace/prod"),
    (
        "invalid-policy",
        world(workload=workload(labels={MODE: "on"})),
        "deployment/shop in prod: label metricops.dev/rollback: found 'on', "
        "expected one of enabled, dry-run, approve, paused, disabled",
    ),
    (
        "invalid-policy",
        world(namespace=namespace({MODE: "on"})),
        "namespace/prod: label metricops.dev/rollback: found 'on', "
        "expected one of enabled, dry-run, approve, paused, disabled",
    ),
    (
        "invalid-policy",
        annotated(cooldown="soon"),
        "deployment/shop in prod: annotation metricops.dev/cooldown: found 'soon', "
        "expected a duration such as 5m or 1h30m",
    ),
    (
        "invalid-policy",
        world(namespace=namespace(annotations={"metricops.dev/act-within": "soon"})),
        "namespace/prod: annotation metricops.dev/act-within: found 'soon', expected a duration such as 5m or 1h30m",
    ),
    (
        "invalid-policy",
        annotated(**{"observe-first": "two"}),
        "deployment/shop in prod: annotation metricops.dev/observe-first: found 'two', "
        "expected a number of decisions from 0 to 1000",
    ),
    (
        "invalid-policy",
        annotated(**{"minimum-failed-events": "few"}),
        "deployment/shop in prod: annotation metricops.dev/minimum-failed-events: found 'few', "
        "expected a number of events from 0 to 1000000",
    ),
    (
        "invalid-policy",
        annotated(evidence="maybe"),
        "deployment/shop in prod: annotation metricops.dev/evidence: found 'maybe', "
        "expected one of trust-alert, require-evidence",
    ),
    (
        "already-claimed",
        world(rollbacks=(past(name=OWN_NAME, phase=Phase.CLAIMED, undone_at=None),)),
        f"{OWN_NAME} is Claimed",
    ),
    ("not-true", world(evidence=evidence(shown=Shown.ABSENT)), "no ErrorBudgetBurn firing"),
    (
        "not-true",
        world(alert=labelled(alertname=""), evidence=evidence(shown=Shown.ABSENT)),
        "no such alert firing",
    ),
    (
        "too-late",
        world(alert=LATE, workload=workload(rollout_began=OLD)),
        "fired at 2026-03-01T11:00:00Z, the rollout began by 2026-03-01T11:29:59Z, act-within is 0:30:00",
    ),
    (
        "before-rollout",
        world(alert=alert(starts_at=ROLLOUT - timedelta(seconds=1))),
        "began at 2026-03-01T11:57:59Z, the rollout not before 2026-03-01T11:58:00Z",
    ),
    (
        "before-rollout",
        world(workload=workload(current=None, rollout_began=None)),
        "has not begun; the alert began at 2026-03-01T11:59:00Z",
    ),
    (
        "outside-attribution-window",
        annotated(**{"attribution-window": "58s"}),
        "began at 2026-03-01T11:59:00Z, the rollout by 2026-03-01T11:58:01Z, the attribution window is 0:00:58",
    ),
    (
        "bad-before",
        world(evidence=evidence(before=SEEN, bound=Bound(0.1))),
        "the SLI was 0.25 at 2026-03-01T11:59:00Z, bad is > 0.1",
    ),
    (
        "good-since",
        world(evidence=evidence(since=Observation(Answer.GOOD), bound=Bound(0.1))),
        "the SLI was None at ?, bad is > 0.1",
    ),
    ("no-evidence", annotated(evidence="require-evidence"), "no source of metrics is known"),
    (
        "no-evidence",
        replace(
            annotated(evidence="require-evidence"),
            evidence=evidence(Observation(), Observation(), Shown.UNKNOWN),
        ),
        "unknown: shown, before, since",
    ),
    (
        "no-evidence",
        replace(annotated(evidence="require-evidence"), evidence=evidence(before=Observation(), no_sli="no query")),
        "unknown: before (no query)",
    ),
    ("wide-fault", world(evidence=evidence(began_elsewhere=("a", "b", "c"))), "also a, b, c (3 others)"),
    (
        "wide-fault",
        world(evidence=evidence(began_elsewhere=tuple("abcdefghijkl"))),
        "also a, b, c, d, e, f, g, h, i, j (12 others)",
    ),
    (
        "condemned",
        world(rollbacks=(past(blamed_hash=V2.template_hash),)),
        "undone by shop-9-0000000000, written again by kubectl",
    ),
    (
        "condemned",
        world(rollbacks=(past(blamed_hash=V2.template_hash),), workload=workload(template_writer="")),
        "written again by an unknown manager",
    ),
    (
        "restore",
        world(workload=workload(restored_by=RestoredBy("shop-7-0000000000", V2.template_hash, ROLLOUT))),
        "restored by shop-7-0000000000",
    ),
    ("restore", world(workload=workload(V1, V2, V3_RESTORED_V1)), "shop-3 has had the revision numbers 1, 3"),
    ("irreversible", annotated(irreversible="schema 12"), "annotation metricops.dev/irreversible is 'schema 12'"),
    ("stopped", world(stopped="the switch says stop"), "the switch says stop"),
    ("mode-paused", world(namespace=namespace({MODE: "paused"})), "said by namespace/prod"),
    ("mode-paused", world(workload=workload(labels={MODE: "paused"})), "said by deployment/shop in prod"),
    ("rollout-paused", world(workload=workload(paused=True)), "spec.paused is true"),
    ("owned", world(workload=workload(controlled_by="Rollout/shop")), "controlled by Rollout/shop"),
    (
        "gitops-owner",
        world(workload=workload(annotations={ARGO_CD: "apps:apps/Deployment:prod/shop"})),
        "owned by Argo CD Application apps",
    ),
    (
        "gitops-owner",
        world(workload=workload(labels={MODE: "enabled", f"{FLUX}/name": "apps", f"{FLUX}/namespace": "flux-system"})),
        "owned by Flux Kustomization flux-system/apps",
    ),
    (
        "gitops-owner",
        world(workload=workload(labels={MODE: "enabled", "helm.toolkit.fluxcd.io/name": "shop"})),
        "owned by Flux HelmRelease ?/shop",
    ),
    (
        "no-target",
        world(workload=workload(revision(1, "shop:2"), V2)),
        "revisions in the history: 1, 2",
    ),
    ("over-budget", SPENT, "5 undos in namespace prod"),
    ("undo", world(), "revision 2 (shop-2) to revision 1 (shop-1)"),
    (
        "in-cooldown",
        world(rollbacks=(past(undone_at=NOW - timedelta(minutes=1)),)),
        "until 2026-03-01T12:04:00Z; then revision 2 (shop-2) to revision 1 (shop-1)",
    ),
]


@pytest.mark.parametrize(("word", "given", "said"), SAID, ids=[f"{n}-{c[0]}" for n, c in enumerate(SAID)])
def test_the_values_that_were_seen_are_named(word: str, given: World, said: str) -> None:
    found = decide(given)
    assert found.reason.word == word
    assert found.detail.endswith(said)


def test_an_empty_history_is_said_to_be_empty() -> None:
    bare = replace(workload(), revisions=())
    assert decide(world(workload=bare)).detail == "revisions in the history: none"


@pytest.mark.parametrize(
    ("given", "rollback"),
    [
        (world(rollbacks=(past(name=OWN_NAME, phase=Phase.CLAIMED, undone_at=None),)), OWN_NAME),
        (world(rollbacks=(past(blamed_hash=V2.template_hash),)), "shop-9-0000000000"),
        (world(workload=workload(restored_by=RestoredBy("shop-7", V2.template_hash, ROLLOUT))), "shop-7"),
        (world(stopped="the switch"), ""),
        (SPENT, OWN_NAME),
        (world(), OWN_NAME),
    ],
)
def test_the_record_that_stands_in_the_way_is_named(given: World, rollback: str) -> None:
    assert decide(given).rollback == rollback


def test_only_our_note_on_the_current_template_makes_a_restore() -> None:
    stale = workload(restored_by=RestoredBy("shop-7", V1.template_hash, ROLLOUT))
    assert decide(world(workload=stale)).reason.word == "undo"


def test_a_record_that_may_be_claimed_again_hides_no_duplicate() -> None:
    failed = past(name=OWN_NAME, phase=Phase.FAILED, undone_at=None)
    same_alert = past(fingerprint="f1", starts_at=ONSET)
    assert decide(world(rollbacks=(failed, same_alert))).reason.word == "already-claimed"
    assert decide(world(rollbacks=(failed, same_alert)), own_record=OWN_NAME).reason.word == "already-claimed"


@pytest.mark.parametrize(("reason", "expected"), [("alert-gone", "undo"), ("template-changed", "already-claimed")])
def test_an_alert_that_comes_back_is_judged_anew(reason: str, expected: str) -> None:
    flickered = past(
        name=OWN_NAME, phase=Phase.SUPERSEDED, reason=reason, undone_at=None, fingerprint="f1", starts_at=ONSET
    )
    assert decide(world(rollbacks=(flickered,))).reason.word == expected


def test_a_records_own_undo_is_no_cooldown_for_it() -> None:
    own = past(name=OWN_NAME, phase=Phase.CLAIMED, undone_at=NOW - timedelta(seconds=1))
    assert decide(world(rollbacks=(own,)), own_record=OWN_NAME).reason.word == "undo"
    other = past(undone_at=NOW - timedelta(seconds=1))
    assert decide(world(rollbacks=(own, other)), own_record=OWN_NAME).reason.word == "in-cooldown"


def test_the_other_kinds_are_named_as_well() -> None:
    found = decide(world(alert=labelled(deployment="", statefulset="db"), workload=None))
    assert (found.detail, found.ref) == (
        "no statefulset/db in prod",
        replace(REF, kind="StatefulSet", name="db"),
    )


def test_a_moment_inside_the_interval_is_neither_before_nor_outside() -> None:
    wide = Interval(ONSET - timedelta(seconds=59), ONSET + timedelta(hours=1))
    assert decide(world(workload=workload(rollout_began=wide))).reason.word == "undo"
