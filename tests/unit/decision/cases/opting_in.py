"""What the alert asks for and what the owners let happen: labels, modes, annotations, observing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from receiver.decision.phases import Phase
from receiver.decision.policy import LONGEST_NUMBER
from receiver.decision.values import Defaults, Mode, PastRollback, World
from tests.unit.decision.cases.worlds import MODE, OWN_NAME, Case, at_least, mode
from tests.unit.scenario import NOW, alert, labelled, namespace, past, workload, world

OBSERVE = {"metricops.dev/observe-first": "2"}
LONG_AGO = NOW - timedelta(days=29)


def observed(annotation: str | None, value: str = "enabled") -> Any:
    said = {} if annotation is None else {"metricops.dev/observe-first": annotation}
    return workload(labels={MODE: value}, annotations=said)


def observing(*rollbacks: PastRollback, annotation: str | None = "2", **changes: Any) -> World:
    return world(workload=observed(annotation), rollbacks=rollbacks, **changes)


def dry_run(name: str) -> PastRollback:
    return past(name=name, phase=Phase.DRY_RUN, mode=Mode.DRY_RUN, undone_at=None)


OPTING_IN: list[Case] = [
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
    ("invalid-policy", world(workload=at_least("-1")), world(workload=at_least("0"))),
    ("invalid-policy", world(workload=at_least("1000001")), world(workload=at_least("1000000"))),
    ("invalid-policy", world(workload=at_least("9" * 5000)), world()),
    (
        "invalid-policy",
        world(workload=workload(annotations={"metricops.dev/evidence": "maybe"})),
        world(workload=workload(annotations={"metricops.dev/evidence": "trust-alert"})),
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
    (
        "invalid-policy",
        observing(annotation="2".zfill(LONGEST_NUMBER + 1)),
        observing(annotation="2".zfill(LONGEST_NUMBER)),
    ),
]
