"""The receiver beside the webhook: it believes the stamp, and what it restores is what was released."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from receiver.cluster.api import Api, object_path
from receiver.decision.values import WorkloadRef
from receiver.timestamps import format_time
from receiver.workloads.registry import KINDS as READERS
from receiver.workloads.stamp import ReleaseStamp
from sandbox.cluster import ControlPlane
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for
from sandbox.shipped import receiver_token
from tests.service.admission.workloads import KINDS, certain, create, kubectl, manifest, path, stamp_of

pytestmark = pytest.mark.usefixtures("webhook")

COMMIT = "metricops.dev/commit"


@pytest.fixture(scope="module")
def receiver_kubeconfig(plane: ControlPlane) -> Path:
    return plane.write_kubeconfig(receiver_token(plane.api()), plane.folder / "receiver.kubeconfig")


@pytest.fixture(scope="module")
def receiver(receiver_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReceiverProcess]:
    running = ReceiverProcess(receiver_kubeconfig, tmp_path_factory.mktemp("receiver"))
    running.wait_until_ready()
    yield running
    running.process.kill()


def release(api: Api, namespace: str, number: int, kind: str = "Deployment") -> ReleaseStamp:
    """Release version `number`, and wait until the controller has made its revision."""
    at, metadata = path(namespace, kind=kind), {"annotations": {COMMIT: f"{number:07x}"}}
    item = manifest(namespace, f"shop:{number}", kind=kind, metadata=metadata)
    written = create(api, item) if number == 1 else api.apply(at, item, field_manager="ci")
    stamp = certain(stamp_of(written))
    history = "replicasets" if kind == "Deployment" else "controllerrevisions"

    def is_there() -> bool:
        seen = (api.get(at).get("status") or {}).get("observedGeneration") == written["metadata"]["generation"]
        return seen and len(api.get(object_path("apps/v1", history, namespace))["items"]) == number

    wait_until(is_there, 20, f"there are {number} revisions")
    return stamp


def test_blame_goes_by_the_stamp(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    """A ReplicaSet's age is told in whole seconds: only the stamp knows that this trouble was there before."""
    release(api, namespace, 1)
    stamp = release(api, namespace, 2)
    began = stamp.rollout_began or datetime.now(UTC)
    early, late = (format_time(began + timedelta(microseconds=by)) for by in (-1, 0))
    answer = receiver.decide(alert_for(namespace, "shop", startsAt=early))
    assert (answer["verdict"], answer["reason"]) == ("refused", "before-rollout"), answer
    answer = receiver.decide(alert_for(namespace, "shop", startsAt=late))
    assert (answer["verdict"], answer["reason"]) == ("claimed", "undo"), answer


def test_an_undo_brings_the_releases_facts_back(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    first, second = release(api, namespace, 1), release(api, namespace, 2)
    assert receiver.decide(alert_for(namespace, "shop"))["verdict"] == "claimed"
    at = path(namespace)
    wait_until(lambda: stamp_of(api.get(at)) != second, 20, "the stamp is another one")
    restored = certain(stamp_of(api.get(at)))
    assert restored.rollout_began is not None
    assert restored.rollout_began > (second.rollout_began or restored.rollout_began)
    assert restored == replace(first, rollout_began=restored.rollout_began)
    assert (restored.commit, restored.who) == ("0000001", "admin")


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_pipeline_says_is_added_to_the_stamp(
    api: Api, namespace: str, receiver: ReceiverProcess, kind: str
) -> None:
    stamp = release(api, namespace, 1, kind)
    said = {"link": "https://ci.example/7", "changeCause": "a > b"}
    status, answer = receiver.note({"namespace": namespace, "workload": {"kind": kind, "name": "shop"}, **said})
    assert (status, answer["changed"], answer["warnings"]) == (200, True, [])
    noted = stamp_of(api.get(path(namespace, kind=kind)))
    assert noted == replace(stamp, link=said["link"], change_cause=said["changeCause"])


@pytest.mark.parametrize("kind", KINDS)
def test_of_every_kind(api: Api, namespace: str, receiver_kubeconfig: Path, kind: str) -> None:
    first, second = release(api, namespace, 1, kind), release(api, namespace, 2, kind)
    account, ref, now = Api.connect(str(receiver_kubeconfig)), WorkloadRef(kind, namespace, "shop"), datetime.now(UTC)
    workload = READERS[kind].read(account, ref, now)
    assert workload is not None
    target = workload.revisions[0]
    note = {"rollback": "r", "templateHash": target.template_hash, "restoredAt": format_time(now)}
    undone = READERS[kind].undo(account, workload, target, target.template, note)
    assert certain(stamp_of(undone)) == replace(first, rollout_began=now)
    assert certain(stamp_of(undone)).commit != second.commit == "0000002"
    READERS[kind].settle_ownership(account, ref)
    assert stamp_of(api.get(path(namespace, kind=kind))) == stamp_of(undone)


@pytest.mark.parametrize("kind", KINDS)
def test_a_persons_undo_is_a_release(plane: ControlPlane, api: Api, namespace: str, kind: str) -> None:
    first, second = release(api, namespace, 1, kind), release(api, namespace, 2, kind)
    kubectl(plane, "rollout", "undo", f"{kind.lower()}/shop", "-n", namespace)
    stamp = certain(stamp_of(api.get(path(namespace, kind=kind))))
    assert (stamp.template_hash, stamp.images) == (first.template_hash, first.images)
    assert (stamp.rollout_began or datetime.min) > (second.rollout_began or datetime.max)
    # kubectl brings a Deployment's annotations back; of the others nobody knows which commit this is.
    assert stamp.commit == ("0000001" if kind == "Deployment" else "")


def test_a_paused_rollout_begins_when_it_is_resumed(plane: ControlPlane, api: Api, namespace: str) -> None:
    release(api, namespace, 1)
    for command in (("rollout", "pause", "deployment/shop"), ("set", "image", "deployment/shop", "main=shop:2")):
        kubectl(plane, *command, "-n", namespace)
    held = certain(stamp_of(api.get(path(namespace))))
    assert (held.rollout_began, held.held_back) == (None, True)
    before = datetime.now(UTC)
    kubectl(plane, "rollout", "resume", "deployment/shop", "-n", namespace)
    begun = certain(stamp_of(api.get(path(namespace))))
    assert begun == replace(held, rollout_began=begun.rollout_began, held_back=False)
    assert before <= (begun.rollout_began or before - timedelta(1)) <= datetime.now(UTC)
