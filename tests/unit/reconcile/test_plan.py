"""From workloads and objects to steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from receiver.cluster.api import JsonObject
from reconcile.plan import Plan, View, Wanted, plan
from reconcile.rule_object import OURS, RuleObject, read_rule_object, wanted_object
from reconcile.workload import Workload, read_workload
from rules.deployer.objects import LONGEST_NAME, object_name
from rules.deployer.workload_rules import WorkloadRules, rules_of_workload
from rules.names import RULE_ANNOTATION, SLO_ANNOTATION

TALK = 'rate(http_request_total{code=~"^5.*$"}[5m]) > 0'
WEB = Workload("Deployment", "shop", "web", "uid-1", ((RULE_ANNOTATION, TALK),))
LABELS = {"release": "prometheus"}


def rules_of(workload: Workload) -> WorkloadRules:
    return rules_of_workload(workload.namespace, workload.label, workload.name, dict(workload.asked))


def wanted_of(one: Wanted) -> JsonObject:
    return wanted_object(one.workload, one.rules.groups, LABELS)


def made(workload: Workload = WEB, **metadata: Any) -> RuleObject:
    """The object that was made for a workload, as the API server has it."""
    item = wanted_object(workload, rules_of(workload).groups, LABELS)
    stored = {"uid": "uid-9", "resourceVersion": "7", "annotations": {"theirs": "1"}, **metadata}
    return read_rule_object({**item, "metadata": {**item["metadata"], **stored}})


def steps(workloads: list[Workload], objects: list[RuleObject], *opted_in: str) -> Plan:
    return plan(View(tuple(workloads), tuple(objects), frozenset(opted_in)), rules_of, wanted_of)


def test_what_is_asked_for_is_made_once() -> None:
    (write,) = steps([WEB], [], "shop").writes
    assert (write.workload, write.present) == (WEB, None)
    done = steps([WEB], [made()], "shop")
    assert (done.writes, done.removals, len(done.in_line)) == ((), (), 1)


@pytest.mark.parametrize(
    "changed",
    [
        replace(WEB, asked=((RULE_ANNOTATION, "up == 0"),)),
        replace(WEB, asked=(*WEB.asked, (SLO_ANNOTATION, "{objective: 99, errors: a, total: b}"))),
        replace(WEB, uid="uid-2"),
    ],
)
def test_a_change_is_written_over_what_is_there(changed: Workload) -> None:
    (write,) = steps([changed], [made()], "shop").writes
    assert write.present == made()


@pytest.mark.parametrize(
    "drifted",
    [replace(made(), spec={"groups": []}), replace(made(), labels={**made().labels, "release": "other"})],
)
def test_drift_is_taken_back(drifted: RuleObject) -> None:
    assert len(steps([WEB], [drifted], "shop").writes) == 1


def test_what_is_invalid_keeps_what_it_has() -> None:
    wrong = replace(WEB, asked=((RULE_ANNOTATION, "up >"),))
    found = steps([wrong], [made()], "shop")
    assert (found.writes, found.removals) == ((), ())
    assert [one.present for one in found.rejected] == [made()]


@pytest.mark.parametrize(
    ("workloads", "opted_in", "removed"),
    [
        ([replace(WEB, asked=())], "shop", True),
        ([WEB], "other", True),
        # The garbage collector's.
        ([], "shop", False),
        ([replace(WEB, is_deleting=True)], "shop", False),
    ],
)
def test_what_nobody_asks_for_goes(workloads: list[Workload], opted_in: str, removed: bool) -> None:
    found = steps(workloads, [made()], opted_in)
    assert found.writes == ()
    assert bool(found.removals) is removed


def test_what_is_not_ours_is_left() -> None:
    quiet = replace(WEB, asked=())
    for theirs in (
        replace(made(), labels={}),
        replace(made(), labels={**OURS, "app.kubernetes.io/component": "other"}),
        replace(made(), name="a-copy"),
        replace(made(), owner=None),
        replace(made(), owner=("ReplicaSet", "web", "uid-1")),
    ):
        assert not theirs.is_ours
        assert steps([quiet], [theirs], "shop").removals == ()


def test_names_are_stable_and_differ() -> None:
    assert object_name("deployment", "web") == "metricops-deployment-web"
    long = [object_name("statefulset", "a" * 250 + end) for end in "xyz"]
    assert len(set(long)) == 3
    assert all(len(name) <= LONGEST_NAME for name in long)


def test_a_deploy_makes_no_difference() -> None:
    item: JsonObject = {
        "metadata": {"namespace": "shop", "name": "web", "uid": "1", "generation": 1, "resourceVersion": "1"},
        "spec": {"replicas": 1},
    }
    later = {"metadata": {**item["metadata"], "generation": 2, "resourceVersion": "9", "annotations": {"a": "b"}}}
    assert read_workload("Deployment", item) == read_workload("Deployment", later)
