"""The schema keeps everything that a record says of the evidence: what it does not name is dropped without a word."""

from __future__ import annotations

from dataclasses import fields

from receiver import names
from receiver.cluster.api import Api, object_path
from receiver.decision.decide import decide
from receiver.decision.evidence import Count, Evidence, Shown, SideBySide
from receiver.decision.values import WorkloadRef
from receiver.rollbacks.evidence_record import read_evidence
from receiver.rollbacks.record import new_rollback
from tests.unit.scenario import NOW, ONSET, alert, evidence, labelled, workload, world

FULL = evidence(
    onset=ONSET,
    count=Count(9, 20, ONSET),
    side_by_side=SideBySide(False, 0.25, 1.0, 2, 3, NOW),
    no_sli="why",
    labels={"zone": "a"},
    began_elsewhere=("deployment/cart in prod",),
)


def test_evidence_comes_back_from_the_api_server_as_it_was(api: Api, namespace: str) -> None:
    empty = Evidence(Shown.FIRING)
    assert [field.name for field in fields(FULL) if getattr(FULL, field.name) == getattr(empty, field.name)] == [
        "shown"
    ]
    shop = workload(ref=WorkloadRef("Deployment", namespace, "shop"))
    asked = world(alert=alert(labels=labelled(namespace=namespace).labels), workload=shop, evidence=FULL)
    decision = decide(asked)
    assert decision.claims
    path = object_path(names.API_VERSION, names.ROLLBACKS, namespace)
    api.create(path, new_rollback(decision, asked.alert, shop, NOW, FULL))
    kept = api.get(object_path(names.API_VERSION, names.ROLLBACKS, namespace, decision.rollback))
    assert read_evidence(kept["spec"]["evidence"]) == FULL
