"""Undoing all three kinds: the same loop, and what each kind's controller needs besides."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from receiver.cluster.api import Api, JsonObject, object_path
from receiver.decision.decide import decide
from receiver.decision.target import choose_target
from receiver.decision.values import Alert, Defaults, RestoredBy, Workload, WorkloadRef, World
from receiver.rollbacks.record import new_rollback, restored_by_note
from receiver.rollbacks.store import RollbackStore
from receiver.workloads.kind import UndoRefusedError, WorldMovedError
from receiver.workloads.registry import KINDS
from sandbox.audit import accepted_undos
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for
from tests.cluster.conftest import Cluster
from tests.cluster.workloads import MANAGER, deploy, path, records, version_of, wait_for_phase, wait_for_rollout

AFTER_UNDO = ("RolledBack", "Recovered")


def pods(api: Api, namespace: str) -> list[JsonObject]:
    found: list[JsonObject] = api.get(object_path("v1", "pods", namespace))["items"]
    return found


def versions(api: Api, namespace: str) -> dict[str, str]:
    """Which version each pod of the namespace runs."""
    return {
        pod["metadata"]["name"]: str(next(e["value"] for e in pod["spec"]["containers"][0]["env"]))
        for pod in pods(api, namespace)
        if not pod["metadata"].get("deletionTimestamp")
    }


def read(api: Api, namespace: str, kind: str) -> Workload:
    workload = KINDS[kind].read(api, WorkloadRef(kind, namespace, "shop"), datetime.now(UTC))
    assert workload is not None
    return workload


def let_a_second_pass(api: Api, namespace: str, kind: str) -> None:
    """Creation times are whole seconds: of what happens within one, nothing tells the order."""
    newest = max(revision.created_at for revision in read(api, namespace, kind).revisions)
    wait_until(lambda: datetime.now(UTC) > newest + timedelta(seconds=1), 5, "a second has passed")


def wait_for_version(api: Api, namespace: str, kind: str, version: str) -> None:
    """Until the controller has made a revision of it and at least one pod, and its status says so."""

    def is_there() -> bool:
        return read(api, namespace, kind).rollout_began is not None and version in versions(api, namespace).values()

    wait_until(is_there, 60, f"a pod of {version}")


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_bad_release_is_undone_once(
    cluster: Cluster, api: Api, namespace: str, receiver: ReceiverProcess, kind: str
) -> None:
    first = deploy(api, namespace, "shop", "one", kind=kind)
    let_a_second_pass(api, namespace, kind)
    deploy(api, namespace, "shop", "two", kind=kind, annotations={"metricops.dev/cooldown": "7m"})
    answer = receiver.decide(alert_for(namespace, "shop", kind=kind))
    assert (answer["verdict"], answer["reason"]) == ("claimed", "undo")

    record = wait_for_phase(api, namespace, *AFTER_UNDO)
    assert (record["spec"]["blamed"]["revision"], record["spec"]["target"]["revision"]) == (2, 1)
    assert record["spec"]["workload"]["kind"] == kind
    after = api.get(path(namespace, "shop", kind))
    assert after["spec"]["template"] == first["spec"]["template"]
    annotations = after["metadata"]["annotations"]
    assert annotations["kubernetes.io/change-cause"] == "one"
    assert annotations["metricops.dev/cooldown"] == "7m"
    assert json.loads(annotations["metricops.dev/restored-by"])["rollback"] == answer["rollback"]
    assert set(versions(api, namespace).values()) == {"one"}

    restored = read(api, namespace, kind)
    assert (restored.template_writer, KINDS[kind].is_settled(restored)) == (MANAGER, True)
    current = restored.current
    assert current is not None
    assert (current.number, current.was_restored) == (3, True)
    again = receiver.decide(alert_for(namespace, "shop", kind=kind, name="Another"))
    assert again["reason"] == "restore"
    assert receiver.forbidden() == []

    events = cluster.audit_events()
    assert events is None or len(accepted_undos(events, namespace)) == 1


@pytest.mark.parametrize("kind", list(KINDS))
def test_what_a_crash_left_after_the_patch_is_finished(
    api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess], kind: str
) -> None:
    """The workload is patched, the status is not written, and the fields are still ours."""
    deploy(api, namespace, "shop", "one", kind=kind)
    deploy(api, namespace, "shop", "two", kind=kind)
    workload, given = read(api, namespace, kind), alert_for(namespace, "shop", kind=kind)
    alert = Alert("firing", given["labels"], {}, datetime.now(UTC), given["fingerprint"])
    decision = decide(World(alert, datetime.now(UTC), Defaults(), workload))
    claimed = RollbackStore(api).create(new_rollback(decision, alert, workload, datetime.now(UTC)))
    assert claimed is not None
    note, target = restored_by_note(claimed, datetime.now(UTC)), workload.revisions[0]
    KINDS[kind].undo(api, workload, target, target.template, note)
    assert read(api, namespace, kind).template_writer == "metricops"

    start_receiver()
    wait_for_phase(api, namespace, *AFTER_UNDO)
    assert read(api, namespace, kind).template_writer == MANAGER
    assert KINDS[kind].is_settled(read(api, namespace, kind))


class TestStatefulSetWithBrokenPods:
    """Its controller waits for a broken pod to become ready, also when the template has been mended."""

    kind = "StatefulSet"

    @pytest.mark.parametrize("management", ["OrderedReady", "Parallel"])
    def test_it_moves(self, api: Api, namespace: str, receiver: ReceiverProcess, management: str) -> None:
        spec: dict[str, Any] = {"replicas": 3, "podManagementPolicy": management}
        deploy(api, namespace, "shop", "one", kind=self.kind, **spec)
        deploy(api, namespace, "shop", "broken", kind=self.kind, wait=False, **spec)
        wait_for_version(api, namespace, self.kind, "broken")
        served = {name for name, version in versions(api, namespace).items() if version == "one"}
        before = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in pods(api, namespace)}
        assert receiver.decide(alert_for(namespace, "shop", kind=self.kind))["reason"] == "undo"
        wait_for_phase(api, namespace, *AFTER_UNDO)
        assert versions(api, namespace) == {"shop-0": "one", "shop-1": "one", "shop-2": "one"}
        after = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in pods(api, namespace)}
        assert {name: after[name] for name in served} == {name: before[name] for name in served}, "a ready pod stays"
        assert receiver.forbidden() == []

    def test_all_broken_from_the_first_release_on(self, api: Api, namespace: str, receiver: ReceiverProcess) -> None:
        """Every pod is broken, none was ever ready: made by an update strategy that does not wait."""
        spec: dict[str, Any] = {"replicas": 3, "podManagementPolicy": "Parallel"}
        deploy(api, namespace, "shop", "one", kind=self.kind, **spec)
        deploy(api, namespace, "shop", "broken", kind=self.kind, wait=False, **spec)
        wait_for_version(api, namespace, self.kind, "broken")
        pods_at = object_path("v1", "pods", namespace)
        for name in ("shop-0", "shop-1"):
            api.delete(f"{pods_at}/{name}")
        wait_until(lambda: list(versions(api, namespace).values()) == ["broken"] * 3, 60, "all are broken")
        receiver.decide(alert_for(namespace, "shop", kind=self.kind))
        wait_for_phase(api, namespace, *AFTER_UNDO, seconds=90)
        assert set(versions(api, namespace).values()) == {"one"}

    def test_a_pod_that_is_younger_than_the_undo_stays(self, api: Api, namespace: str) -> None:
        """It would come back the same for ever."""
        deploy(api, namespace, "shop", "one", kind=self.kind)
        deploy(api, namespace, "shop", "broken", kind=self.kind, wait=False)
        wait_for_version(api, namespace, self.kind, "broken")
        blamed = read(api, namespace, self.kind).revisions[-1]
        long_ago = undo(api, namespace, self.kind, "2026-03-01T00:00:00Z")
        assert KINDS[self.kind].unblock(api, long_ago, blamed) == ""
        assert list(versions(api, namespace).values()) == ["broken"]
        just_now = replace(long_ago, restored_by=RestoredBy("r", "h", datetime.now(UTC)))
        assert KINDS[self.kind].unblock(api, just_now, blamed) == "shop-0"

    def test_under_a_partition_only_the_pods_above_it_move(
        self, api: Api, namespace: str, receiver: ReceiverProcess
    ) -> None:
        partition = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
        spec: dict[str, Any] = {"replicas": 2, "updateStrategy": partition}
        deploy(api, namespace, "shop", "one", kind=self.kind, **spec)
        deploy(api, namespace, "shop", "two", kind=self.kind, **spec)
        assert versions(api, namespace) == {"shop-0": "one", "shop-1": "two"}
        receiver.decide(alert_for(namespace, "shop", kind=self.kind))
        wait_for_phase(api, namespace, *AFTER_UNDO)
        assert versions(api, namespace) == {"shop-0": "one", "shop-1": "one"}


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
class TestOnDelete:
    """The owner says when a pod goes. What no pod runs is not to blame, and a serving pod is not ours to delete."""

    strategy: ClassVar[dict[str, Any]] = {"updateStrategy": {"type": "OnDelete"}}

    def test_what_no_pod_runs_yet_has_not_begun(
        self, api: Api, namespace: str, receiver: ReceiverProcess, kind: str
    ) -> None:
        deploy(api, namespace, "shop", "one", kind=kind, **self.strategy)
        deploy(api, namespace, "shop", "two", kind=kind, wait=False, **self.strategy)
        wait_until(lambda: read(api, namespace, kind).current is not None, 30, "revision 2 is there")
        answer = receiver.decide(alert_for(namespace, "shop", kind=kind))
        assert (answer["reason"], records(api, namespace)) == ("before-rollout", [])

    def test_broken_pods_are_deleted(self, api: Api, namespace: str, receiver: ReceiverProcess, kind: str) -> None:
        self.release(api, namespace, kind, "broken")
        receiver.decide(alert_for(namespace, "shop", kind=kind))
        wait_for_phase(api, namespace, *AFTER_UNDO)
        assert list(versions(api, namespace).values()) == ["one"]

    def test_serving_pods_are_the_owners(self, api: Api, namespace: str, receiver: ReceiverProcess, kind: str) -> None:
        self.release(api, namespace, kind, "two")
        wait_for_rollout(api, namespace, "shop", kind)
        receiver.decide(alert_for(namespace, "shop", kind=kind))
        wait_for_phase(api, namespace, "Undoing")
        wait_until(lambda: read(api, namespace, kind).template_writer == MANAGER, 20, "the fields are given back")
        assert list(versions(api, namespace).values()) == ["two"]
        assert version_of(api.get(path(namespace, "shop", kind))) == "one"
        delete_pods(api, namespace)
        wait_for_phase(api, namespace, *AFTER_UNDO)
        assert list(versions(api, namespace).values()) == ["one"]

    def release(self, api: Api, namespace: str, kind: str, version: str) -> None:
        """Deploy a second release, and delete the pods as its owner does."""
        deploy(api, namespace, "shop", "one", kind=kind, **self.strategy)
        deploy(api, namespace, "shop", version, kind=kind, wait=False, **self.strategy)
        wait_until(lambda: read(api, namespace, kind).current is not None, 30, "revision 2 is there")
        delete_pods(api, namespace)
        wait_for_version(api, namespace, kind, version)
        wait_until(lambda: read(api, namespace, kind).rollout_began is not None, 30, "its status says so")


def test_a_daemon_set_with_broken_pods_moves(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    deploy(api, namespace, "shop", "one", kind="DaemonSet")
    deploy(api, namespace, "shop", "broken", kind="DaemonSet", wait=False)
    wait_for_version(api, namespace, "DaemonSet", "broken")
    receiver.decide(alert_for(namespace, "shop", kind="DaemonSet"))
    wait_for_phase(api, namespace, *AFTER_UNDO)
    assert list(versions(api, namespace).values()) == ["one"]


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
class TestHistory:
    """What a ControllerRevision keeps, and what it does not."""

    def test_the_target_is_none_that_was_left_by_a_restore(self, api: Api, namespace: str, kind: str) -> None:
        """one, two, back to one, three: two was left by a restore, though its number is the second newest."""
        deploy(api, namespace, "shop", "one", kind=kind)
        let_a_second_pass(api, namespace, kind)
        deploy(api, namespace, "shop", "two", kind=kind)
        let_a_second_pass(api, namespace, kind)
        deploy(api, namespace, "shop", "one", kind=kind)
        restored = read(api, namespace, kind)
        assert restored.current is not None
        assert (restored.current.numbers, restored.current.was_restored) == ((1, 3), True)
        began = restored.rollout_began
        assert began is not None
        assert began.earliest > restored.current.created_at
        assert (began.latest - began.earliest).total_seconds() <= 1
        deploy(api, namespace, "shop", "three", kind=kind)
        now = read(api, namespace, kind)
        assert [(version_in(r.template), r.number, r.was_restored) for r in now.revisions] == [
            ("two", 2, False),
            ("one", 3, True),
            ("three", 4, False),
        ]
        alert = Alert("firing", {}, {}, datetime.now(UTC), "f")
        target = choose_target(now, World(alert, datetime.now(UTC), Defaults(), now))
        assert target is not None
        assert version_in(target.template) == "one"

    def test_the_guard(self, api: Api, namespace: str, kind: str) -> None:
        deploy(api, namespace, "shop", "one", kind=kind)
        deploy(api, namespace, "shop", "two", kind=kind)
        seen = read(api, namespace, kind)
        target, note = seen.revisions[0], {"rollback": "r", "templateHash": "h", "restoredAt": "2026-03-01T00:00:00Z"}
        broken = {**target.template, "spec": {**target.template["spec"], "containers": []}}
        with pytest.raises(UndoRefusedError, match="containers"):
            KINDS[kind].undo(api, seen, target, broken, note)
        deploy(api, namespace, "shop", "three", kind=kind)
        with pytest.raises(WorldMovedError, match="422"):
            KINDS[kind].undo(api, seen, target, target.template, note)
        assert version_of(api.get(path(namespace, "shop", kind))) == "three"


def version_in(template: JsonObject) -> str:
    return version_of({"spec": {"template": template}})


def undo(api: Api, namespace: str, kind: str, restored_at: str) -> Workload:
    """Our undo to the first revision; returns the workload when the controller has seen it."""
    workload = read(api, namespace, kind)
    target = workload.revisions[0]
    note = {"rollback": "r", "templateHash": target.template_hash, "restoredAt": restored_at}
    KINDS[kind].undo(api, workload, target, target.template, note)

    def is_seen() -> bool:
        current = read(api, namespace, kind).current
        return current is not None and current.name == target.name

    wait_until(is_seen, 30, "the controller has taken the revision up again")
    return read(api, namespace, kind)


def delete_pods(api: Api, namespace: str) -> None:
    for pod in pods(api, namespace):
        api.delete(object_path("v1", "pods", namespace, pod["metadata"]["name"]))
