"""Reading Deployments and their ReplicaSets, and the operations of an undo."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from receiver.decision.values import Interval, WorkloadRef
from receiver.workloads.deployment import DeploymentKind, as_workload, rollout_complete
from receiver.workloads.revisions import label_selector
from receiver.workloads.undo import undo_operations
from tests.unit.scenario import template

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
UID = "d-1"


def deployment(image: str, **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "metadata": {
            "name": "shop",
            "namespace": "prod",
            "uid": UID,
            "generation": 4,
            "annotations": {"deployment.kubernetes.io/revision": "2"},
        },
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "shop"}}, "template": template(image)},
        "status": {"observedGeneration": 4, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2},
    }
    for key, value in changes.items():
        body[key] = {**body[key], **value}
    return body


def replica_set(
    number: int, image: str, minute: int, *, history: str = "", owner: str = UID, **annotations: str
) -> dict[str, Any]:
    body = template(image)
    body["metadata"]["labels"]["pod-template-hash"] = f"hash{number}"
    return {
        "metadata": {
            "name": f"shop-hash{number}",
            "creationTimestamp": f"2026-03-01T11:{minute:02d}:00Z",
            "ownerReferences": [{"uid": owner, "controller": True}],
            "annotations": {
                "deployment.kubernetes.io/revision": str(number),
                **({"deployment.kubernetes.io/revision-history": history} if history else {}),
                **annotations,
            },
        },
        "spec": {"template": body},
    }


ONE, TWO = replica_set(1, "shop:1", 0), replica_set(2, "shop:2", 30)


def test_current_is_found_by_its_template() -> None:
    workload = as_workload(deployment("shop:2"), [TWO, ONE], NOW)
    assert workload.ref == WorkloadRef("Deployment", "prod", "shop")
    assert [revision.number for revision in workload.revisions] == [1, 2]
    assert workload.current is not None
    assert workload.current.name == "shop-hash2"
    assert workload.rollout_complete


@pytest.mark.parametrize(
    ("pods", "never"),
    [
        ({1: 2, 2: 0, 3: 1}, [2, 3]),  # A completed rollout of 2 would have left 1 without pods.
        ({1: 0, 2: 2, 3: 1}, [3]),
        ({1: 0, 2: 0, 3: 2}, []),
        ({1: 0, 2: 0, 3: 0}, []),
        ({}, []),
    ],
)
def test_what_never_completed(pods: dict[int, int], never: list[int]) -> None:
    sets = [ONE, TWO, replica_set(3, "shop:3", 40)]
    given = [{**rs, "spec": {**rs["spec"], "replicas": pods.get(n, 0)}} for n, rs in enumerate(sets, 1)]
    workload = as_workload(deployment("shop:3"), given, NOW)
    assert [r.number for r in workload.revisions if r.never_completed] == never
    assert workload.current is not None
    assert workload.current.number == 3


def test_other_owners_replica_sets_are_not_its_revisions() -> None:
    stranger = replica_set(7, "shop:2", 40, owner="d-2")
    workload = as_workload(deployment("shop:2"), [ONE, TWO, stranger], NOW)
    assert [revision.number for revision in workload.revisions] == [1, 2]


def test_a_replica_set_without_a_number_is_no_revision_yet() -> None:
    unnumbered = copy.deepcopy(TWO)
    del unnumbered["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
    workload = as_workload(deployment("shop:2"), [ONE, unnumbered], NOW)
    assert workload.current is None
    assert workload.rollout_began is None


def test_a_new_replica_set_tells_when_the_rollout_began() -> None:
    began = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
    workload = as_workload(deployment("shop:2"), [ONE, TWO], NOW)
    assert workload.rollout_began == Interval(began, began + timedelta(seconds=1))


def test_a_replica_set_taken_up_again_gives_an_interval() -> None:
    again = replica_set(3, "shop:1", 0, history="1")
    rolled = deployment(
        "shop:1",
        status={
            "conditions": [
                {
                    "type": "Progressing",
                    "reason": "NewReplicaSetAvailable",
                    "lastUpdateTime": "2026-03-01T11:50:00Z",
                }
            ]
        },
    )
    workload = as_workload(rolled, [again, TWO], NOW)
    assert workload.current is not None
    assert workload.current.numbers == (1, 3)
    assert workload.current.was_restored
    assert workload.rollout_began == Interval(
        datetime(2026, 3, 1, 11, 30, tzinfo=UTC), datetime(2026, 3, 1, 11, 50, tzinfo=UTC)
    )
    still_rolling = as_workload(deployment("shop:1"), [again, TWO], NOW)
    assert still_rolling.rollout_began == Interval(datetime(2026, 3, 1, 11, 30, tzinfo=UTC), NOW)


def test_a_stamp_counts_only_for_its_template() -> None:
    plain = as_workload(deployment("shop:2"), [ONE, TWO], NOW)
    stamp = {"templateHash": plain.template_hash, "rolloutBegan": "2026-03-01T11:29:59.5Z"}

    def began(stamp: Any) -> Interval | None:
        text = stamp if isinstance(stamp, str) else json.dumps(stamp)
        stamped = deployment("shop:2", metadata={"annotations": {"metricops.dev/release": text}})
        return as_workload(stamped, [ONE, TWO], NOW).rollout_began

    exact = datetime(2026, 3, 1, 11, 29, 59, 500000, tzinfo=UTC)
    assert began(stamp) == Interval(exact, exact)
    for useless in ({**stamp, "templateHash": "other"}, {**stamp, "rolloutBegan": 5}, "not json", "[]", "null"):
        assert began(useless) == plain.rollout_began


def test_rollout_complete_as_kubectl_has_it() -> None:
    assert rollout_complete(deployment("shop:2"))
    for status in (
        {"observedGeneration": 3},
        {"updatedReplicas": 1},
        {"replicas": 3},
        {"availableReplicas": 1},
    ):
        assert not rollout_complete(deployment("shop:2", status=status)), status
    assert rollout_complete(
        {"metadata": {"generation": 1}, "spec": {"replicas": 0}, "status": {"observedGeneration": 1}}
    )


def test_label_selector() -> None:
    assert label_selector({"matchLabels": {"b": "2", "a": "1"}}) == "a=1,b=2"
    expressions = [
        {"key": "tier", "operator": "In", "values": ["x", "y"]},
        {"key": "old", "operator": "NotIn", "values": ["z"]},
        {"key": "here", "operator": "Exists"},
        {"key": "gone", "operator": "DoesNotExist"},
    ]
    assert label_selector({"matchExpressions": expressions}) == "tier in (x,y),old notin (z),here,!gone"


class TestUndoOperations:
    live = {  # noqa: RUF012
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "deployment.kubernetes.io/revision": "2",
        "argocd.argoproj.io/tracking-id": "live",
        "metricops.dev/cooldown": "10m",
        "metricops.dev/release": '{"templateHash":"two"}',
        "metricops.dev/commit": "c2",
        "kubernetes.io/change-cause": "release 2",
        "only/live": "x",
        "same": "y",
    }
    target = {  # noqa: RUF012
        "kubectl.kubernetes.io/last-applied-configuration": '{"old":1}',
        "deployment.kubernetes.io/revision": "1",
        "deployment.kubernetes.io/desired-replicas": "2",
        "argocd.argoproj.io/tracking-id": "old",
        "metricops.dev/cooldown": "1m",
        "metricops.dev/release": '{"templateHash":"one","rolloutBegan":"long ago"}',
        "metricops.dev/commit": "c1",
        "kubernetes.io/change-cause": "release 1",
        "same": "y",
    }

    def operations(self, **metadata: Any) -> list[dict[str, Any]]:
        ours = deployment("shop:2", metadata={"annotations": self.live, **metadata})
        two = copy.deepcopy(ONE)
        two["metadata"]["annotations"] = self.target
        workload = as_workload(ours, [two, TWO], NOW)
        target = workload.revisions[0]
        annotations = DeploymentKind().restored_annotations(workload, target)
        return undo_operations(workload, target.template, annotations, {"rollback": "r", "restoredAt": "now"})

    def test_guard_comes_first(self) -> None:
        guard = [(op["op"], op["path"], op["value"]) for op in self.operations()[:2]]
        assert guard == [("test", "/metadata/uid", UID), ("test", "/metadata/generation", 4)]

    @pytest.mark.parametrize(
        ("labels", "path", "value"),
        [
            ({"metricops.dev/rollback": "enabled"}, "/metadata/labels/metricops.dev~1rollback", "enabled"),
            # A test of null holds for what is missing, and fails for what was added since.
            ({"app": "shop"}, "/metadata/labels/metricops.dev~1rollback", None),
            (None, "/metadata/labels", None),
        ],
    )
    def test_the_owners_word_is_part_of_the_guard(self, labels: Any, path: str, value: str | None) -> None:
        assert self.operations(labels=labels)[2] == {"op": "test", "path": path, "value": value}

    def test_template_is_clean(self) -> None:
        change = self.operations()[3]
        assert change["path"] == "/spec/template"
        assert change["value"] == template("shop:1")

    def test_annotations_are_the_targets_except_those_that_stay(self) -> None:
        after = dict(self.live)
        for op in self.operations()[4:]:
            key = op["path"].removeprefix("/metadata/annotations/").replace("~1", "/").replace("~0", "~")
            if op["op"] == "remove":
                del after[key]
            else:
                after[key] = op["value"]
        assert json.loads(after.pop("metricops.dev/restored-by")) == {"rollback": "r", "restoredAt": "now"}
        assert json.loads(after.pop("metricops.dev/release")) == {"templateHash": "one", "rolloutBegan": "now"}
        assert after == {
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            "deployment.kubernetes.io/revision": "2",
            "argocd.argoproj.io/tracking-id": "live",
            "metricops.dev/cooldown": "10m",
            "metricops.dev/commit": "c1",
            "kubernetes.io/change-cause": "release 1",
            "same": "y",
        }

    def test_what_is_the_same_is_not_written(self) -> None:
        assert all(not op["path"].endswith("/same") for op in self.operations())
