"""Reading StatefulSets and DaemonSets with their ControllerRevisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from receiver.decision.values import Interval, Workload
from receiver.workloads import daemonset, statefulset
from receiver.workloads.controller_revisions import as_workload, with_earlier_numbers
from tests.unit.scenario import revision, template

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
UID = "s-1"


def at(minute: int) -> datetime:
    return datetime(2026, 3, 1, 11, minute, tzinfo=UTC)


def controller_revision(number: int, image: str, minute: int, *, changed: int | None = None, owner: str = UID) -> Any:
    written = f"2026-03-01T11:{minute if changed is None else changed:02d}:00Z"
    return {
        "metadata": {
            "name": f"shop-{image}",
            "creationTimestamp": f"2026-03-01T11:{minute:02d}:00Z",
            "ownerReferences": [{"uid": owner, "controller": True}],
            "managedFields": [{"manager": "kcm", "time": written, "fieldsV1": {"f:revision": {}}}],
        },
        "data": {"spec": {"template": {**template(image), "$patch": "replace"}}},
        "revision": number,
    }


def read(
    image: str, *history: Any, observed: int = 4, updated: int = 1, means: str | None = None, **annotations: str
) -> Workload:
    item = {
        "kind": "StatefulSet",
        "metadata": {"name": "shop", "namespace": "prod", "uid": UID, "generation": 4, "annotations": annotations},
        "spec": {"template": template(image)},
        "status": {"observedGeneration": observed},
    }
    return as_workload(item, list(history), NOW, updated=updated, update_revision=means, rollout_complete=True)


ONE, TWO = controller_revision(1, "one", 0), controller_revision(2, "two", 30)


@pytest.mark.parametrize(
    ("strategy", "current", "never"),
    [
        ({}, "shop-one", [2, 3]),
        ({}, "shop-two", [3]),
        ({}, "shop-three", []),
        ({}, "shop-pruned", []),
        ({"type": "OnDelete"}, "shop-one", []),
        ({"rollingUpdate": {"partition": 1}}, "shop-one", []),
        ({"rollingUpdate": {"partition": 0}}, "shop-one", [2, 3]),
    ],
)
def test_what_never_completed(strategy: dict[str, Any], current: str, never: list[int]) -> None:
    item = {
        "kind": "StatefulSet",
        "metadata": {"name": "shop", "namespace": "prod", "uid": UID, "generation": 4},
        "spec": {"template": template("three"), "updateStrategy": strategy},
        "status": {"observedGeneration": 4, "currentRevision": current},
    }
    history = [ONE, TWO, controller_revision(3, "three", 40)]
    workload = statefulset.StatefulSetKind().as_workload(item, history, NOW)
    assert [r.number for r in workload.revisions if r.never_completed] == never


def test_the_patch_is_a_whole_template() -> None:
    workload = read("two", TWO, ONE, controller_revision(7, "two", 40, owner="another"))
    assert [r.number for r in workload.revisions] == [1, 2]
    assert workload.current is not None
    assert (workload.current.name, workload.current.template) == ("shop-two", template("two"))
    assert workload.current.template_hash == workload.template_hash
    assert workload.rollout_began == Interval(at(30), at(30) + SECOND)


def test_what_the_controller_has_not_seen_has_no_revision() -> None:
    assert read("three", ONE, TWO, observed=3).current is None
    assert read("one", ONE, TWO, observed=3).current is None, "taken up again, but without its new number yet"
    assert read("one").current is None


def test_the_controllers_judgement_holds_where_defaults_came_later() -> None:
    workload = read("two-with-defaults", ONE, TWO)
    assert workload.current is not None
    assert workload.current is workload.revisions[-1]
    assert workload.current.name == "shop-two"
    assert workload.current.template_hash == workload.template_hash


def test_a_revision_taken_up_again() -> None:
    again = controller_revision(3, "one", 0, changed=45)
    workload = read("one", again, TWO)
    assert workload.current is not None
    assert workload.current.numbers == (1, 3)
    assert workload.rollout_began == Interval(at(45), at(45) + SECOND)
    nobody_knows = {**again, "metadata": {**again["metadata"], "managedFields": []}}
    assert read("one", nobody_knows, TWO).rollout_began == Interval(at(30), NOW)


def test_nothing_has_begun_while_no_pod_has_it() -> None:
    assert read("two", ONE, TWO, updated=0).rollout_began is None
    assert read("two", ONE, TWO, observed=3).rollout_began is None, "the status is about the revision before"
    assert read("two", ONE, TWO, means="shop-one").rollout_began is None
    assert read("two", ONE, TWO, observed=3, means="shop-two").rollout_began is not None


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        # (number, minute of creation, renumbered) of each
        ([(1, 0, False), (2, 10, False)], [(1,), (2,)]),
        ([(3, 0, True), (2, 10, False)], [(2,), (1, 3)]),
        ([(5, 0, True), (2, 10, False), (4, 20, False)], [(2,), (4,), (1, 3, 5)]),
        ([(3, 0, True), (2, 10, False), (4, 20, False)], [(2,), (1, 3), (4,)]),
        ([(3, 0, True), (2, 0, False)], [(2,), (1, 3)]),
        ([(3, 0, False), (2, 0, False)], [(2,), (3,)]),
        ([(2, 0, True), (1, 10, False)], [(1,), (0, 2)]),
    ],
)
def test_earlier_numbers_are_those_that_nobody_has(
    history: list[tuple[int, int, bool]], expected: list[tuple[int, ...]]
) -> None:
    revisions = [revision(number, name=f"r{number}", created_at=at(minute)) for number, minute, _ in history]
    renumbered = {f"r{number}": NOW for number, _, again in history if again}
    assert [r.numbers for r in with_earlier_numbers(revisions, renumbered)] == expected


def test_a_stateful_set_is_complete_as_kubectl_has_it() -> None:
    def complete(partition: int | None = 0, **status: int) -> bool:
        strategy = {"type": "OnDelete"} if partition is None else {"rollingUpdate": {"partition": partition}}
        given = {"observedGeneration": 4, "readyReplicas": 3, "updatedReplicas": 3, **status}
        spec = {"replicas": 3, "updateStrategy": strategy}
        return statefulset.rollout_complete({"metadata": {"generation": 4}, "spec": spec, "status": given})

    assert complete()
    assert complete(partition=2, updatedReplicas=1)
    assert complete(partition=None)
    assert not complete(partition=None, updatedReplicas=2)
    assert not complete(partition=1, updatedReplicas=1)
    for status in ({"observedGeneration": 3}, {"readyReplicas": 2}, {"updatedReplicas": 2}):
        assert not complete(**status), status


def test_a_daemon_set_is_complete_as_kubectl_has_it() -> None:
    def complete(**status: int) -> bool:
        given = {"desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 3, **status}
        return daemonset.rollout_complete(
            {"metadata": {"generation": 4}, "status": {"observedGeneration": 4, **given}},
        )

    assert complete()
    for status in ({"observedGeneration": 3}, {"numberAvailable": 2}, {"updatedNumberScheduled": 2}):
        assert not complete(**status), status
