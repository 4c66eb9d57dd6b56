"""Claims that race, and a world that moves between the claim and the undo. The API server says what happened."""

from __future__ import annotations

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from receiver.cluster.api import Api
from receiver.cluster.control import StopSwitch
from receiver.decision.decide import decide
from receiver.decision.values import Alert, Defaults, WorkloadRef
from receiver.rollbacks.record import new_rollback
from receiver.rollbacks.store import RollbackStore
from receiver.rollbacks.world import WorldReader
from receiver.timestamps import parse_time
from sandbox.audit import accepted_undos
from sandbox.faults import FaultProxy, Request
from sandbox.kubeconfig import with_token
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for
from tests.cluster.conftest import Cluster
from tests.cluster.workloads import deploy, path, records, version_of, wait_for_phase


def undos(cluster: Cluster, namespace: str) -> int | None:
    """How many undos the audit log shows; None where it is out of reach."""
    events = cluster.audit_events()
    return None if events is None else len(accepted_undos(events, namespace))


def test_two_receivers_and_many_deliveries_make_one_undo(
    cluster: Cluster, api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    receivers = [start_receiver(ready=False), start_receiver(ready=False)]
    for receiver in receivers:
        receiver.wait_until_ready()
    deploy(api, namespace, "shop", "one")
    before = deploy(api, namespace, "shop", "two")["metadata"]["generation"]
    alerts = [alert_for(namespace, "shop", name=f"Alert{number % 4}") for number in range(24)]

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: receivers[n % 2].decide(alerts[n]), range(len(alerts))))

    words = [answer["reason"] for answer in answers]
    assert words.count("undo") == 1, words
    # Whoever comes after the undo sees a restored revision under a record that stands for another one.
    assert set(words) <= {"undo", "already-claimed", "restore", "in-cooldown", "before-rollout"}, words
    wait_for_phase(api, namespace, "RolledBack", "Recovered")
    after = api.get(path(namespace, "shop"))
    assert after["metadata"]["generation"] == before + 1
    assert version_of(after) == "one"
    assert undos(cluster, namespace) in (None, 1)


def claim(api: Api, namespace: str, **changes: str) -> None:
    """A durable claim that nobody works on: what a receiver leaves that dies right after it."""
    store = RollbackStore(api)

    def now() -> datetime:
        return datetime.now(UTC)

    reader = WorldReader(api, store, StopSwitch(api, "metricops-system"), Defaults(), clock=now)
    given = alert_for(namespace, "shop", **changes)
    alert = Alert("firing", given["labels"], {}, parse_time(given["startsAt"]), given["fingerprint"])
    world = reader.read(alert, WorkloadRef("Deployment", namespace, "shop"))
    assert world.workload is not None
    assert store.create(new_rollback(decide(world), alert, world.workload, now())) is not None


def test_a_claim_that_was_left_is_finished(
    cluster: Cluster, api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    claim(api, namespace)
    assert version_of(api.get(path(namespace, "shop"))) == "two"
    start_receiver()
    wait_for_phase(api, namespace, "RolledBack", "Recovered")
    assert version_of(api.get(path(namespace, "shop"))) == "one"
    assert undos(cluster, namespace) in (None, 1)


def test_a_fix_forward_between_claim_and_undo_supersedes(
    cluster: Cluster, api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    claim(api, namespace)
    deploy(api, namespace, "shop", "three")
    start_receiver()
    record = wait_for_phase(api, namespace, "Superseded")
    assert "a-person" in record["status"]["message"]
    assert version_of(api.get(path(namespace, "shop"))) == "three"
    assert undos(cluster, namespace) in (None, 0)


def test_a_persons_undo_between_claim_and_undo_supersedes(
    cluster: Cluster, api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    first = deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    claim(api, namespace)
    # What `kubectl rollout undo` sends, under its manager's name.
    undo = [{"op": "replace", "path": "/spec/template", "value": first["spec"]["template"]}]
    api.json_patch(path(namespace, "shop"), undo, fieldManager="kubectl-rollout")
    start_receiver()
    record = wait_for_phase(api, namespace, "Superseded")
    assert "kubectl-rollout" in record["status"]["message"]
    assert undos(cluster, namespace) in (None, 0)


@dataclass(frozen=True)
class Proxied:
    """A proxy in front of the cluster, and a kubeconfig of the receiver's account that leads through it."""

    proxy: FaultProxy
    kubeconfig: Path


@pytest.fixture
def proxied(cluster: Cluster, proxy: FaultProxy, tmp_path: Path) -> Proxied:
    path = tmp_path / "proxied.kubeconfig"
    return Proxied(proxy, with_token(cluster.kubeconfig, cluster.receiver_token(), path, server=proxy.url))


def is_undo(request: Request) -> bool:
    return request.verb == "PATCH" and "/deployments/" in request.path


def test_sigkill_between_claim_and_undo_ends_in_exactly_one_undo(
    cluster: Cluster,
    api: Api,
    namespace: str,
    start_receiver: Callable[..., ReceiverProcess],
    proxied: Proxied,
) -> None:
    doomed = start_receiver(kubeconfig=proxied.kubeconfig)
    deploy(api, namespace, "shop", "one")
    before = deploy(api, namespace, "shop", "two")["metadata"]["generation"]
    hold = proxied.proxy.hold(is_undo)
    assert doomed.decide(alert_for(namespace, "shop"))["reason"] == "undo"
    assert hold.reached.wait(20), "the undo was never sent"
    doomed.process.kill()
    hold.release()
    assert len(records(api, namespace)) == 1
    assert api.get(path(namespace, "shop"))["metadata"]["generation"] == before

    start_receiver(kubeconfig=proxied.kubeconfig)
    wait_for_phase(api, namespace, "RolledBack", "Recovered")
    after = api.get(path(namespace, "shop"))
    assert after["metadata"]["generation"] == before + 1
    assert version_of(after) == "one"
    assert undos(cluster, namespace) in (None, 1)


def is_status_write(request: Request) -> bool:
    return request.verb == "PATCH" and "/rollbacks/" in request.path and "/status" in request.path


def test_sigkill_between_undo_and_status_ends_in_exactly_one_undo(
    cluster: Cluster,
    api: Api,
    namespace: str,
    start_receiver: Callable[..., ReceiverProcess],
    proxied: Proxied,
) -> None:
    doomed = start_receiver(kubeconfig=proxied.kubeconfig)
    deploy(api, namespace, "shop", "one")
    before = deploy(api, namespace, "shop", "two")["metadata"]["generation"]
    hold = proxied.proxy.hold(is_status_write)
    doomed.decide(alert_for(namespace, "shop"))
    assert hold.reached.wait(20), "the status was never written"
    doomed.process.kill()
    hold.release()
    assert version_of(api.get(path(namespace, "shop"))) == "one"
    assert not (records(api, namespace)[0].get("status") or {}).get("phase")

    start_receiver(kubeconfig=proxied.kubeconfig)
    record = wait_for_phase(api, namespace, "RolledBack", "Recovered")
    assert record["status"]["undoneAt"]
    assert api.get(path(namespace, "shop"))["metadata"]["generation"] == before + 1
    assert undos(cluster, namespace) in (None, 1)


def test_sigterm_finishes_the_request_in_hand(
    cluster: Cluster,
    api: Api,
    namespace: str,
    start_receiver: Callable[..., ReceiverProcess],
    proxied: Proxied,
) -> None:
    def is_claim(request: Request) -> bool:
        return request.verb == "POST" and request.path.split("?")[0].endswith("/rollbacks")

    receiver = start_receiver(kubeconfig=proxied.kubeconfig)
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    hold = proxied.proxy.hold(is_claim)
    hold.delays_only = True
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(receiver.decide, alert_for(namespace, "shop"))
        assert hold.reached.wait(20)
        receiver.process.signal(signal.SIGTERM)
        hold.release()
        assert answer.result(20)["reason"] == "undo"
    wait_until(lambda: not receiver.process.is_running, 30, "the receiver has ended")
    assert len(records(api, namespace)) == 1
