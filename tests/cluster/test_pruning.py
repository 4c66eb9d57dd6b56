"""Old records go by themselves, under the receiver's own rights; what is still asked for stays."""

from __future__ import annotations

from collections.abc import Callable

from receiver.cluster.api import Api, object_path
from receiver.rollbacks.store import RollbackStore
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for
from tests.cluster.workloads import deploy, records, wait_for_phase

AFTER_UNDO = ("RolledBack", "Recovered")
AT_ONCE = dict.fromkeys(("keep_records", "condemnation", "cooldown", "budget_window"), "1s")


def names(api: Api, namespace: str) -> set[str]:
    return {record["metadata"]["name"] for record in records(api, namespace)}


def undone(api: Api, namespace: str, receiver: ReceiverProcess, alert: str) -> str:
    """Undo the current release by an alert of this name; returns the record's when it needs nobody any more."""
    name = str(receiver.decide(alert_for(namespace, "shop", name=alert))["rollback"])

    def is_finished() -> bool:
        status = api.get(object_path("metricops.dev/v1", "rollbacks", namespace, name)).get("status") or {}
        return bool(status.get("recoveryUnknown"))

    wait_until(is_finished, 60, f"{name} is finished")
    return name


def test_what_nothing_asks_for_goes(api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]) -> None:
    receiver = start_receiver(cooldown="1s", recovery_deadline="1s")
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    first = undone(api, namespace, receiver, "First")
    deploy(api, namespace, "shop", "three")
    last = undone(api, namespace, receiver, "Last")
    deploy(api, namespace, "shop", "four")
    assert names(api, namespace) == {first, last}
    forgetful = start_receiver(**AT_ONCE)
    wait_until(lambda: first not in names(api, namespace), 30, "the first record is gone")
    assert names(api, namespace) == {last}, "by the last one the workload is known not to be new"
    # It is told once the API server has answered: a moment after the record is gone.
    wait_until(lambda: "record pruned" in forgetful.log(), 10, "the log says so")
    wait_until(lambda: "metricops_pruned_rollbacks_total 1.0" in forgetful.metrics(), 10, "the metric says so")
    assert forgetful.forbidden() == []


def test_what_runs_stays(api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]) -> None:
    receiver = start_receiver(recovery_deadline="1s")
    deploy(api, namespace, "gone", "one")
    deploy(api, namespace, "gone", "two")
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    stays = undone(api, namespace, receiver, "First")
    receiver.decide(alert_for(namespace, "gone"))
    wait_until(lambda: len(names(api, namespace)) == 2, 30, "both are there")
    (goes,) = names(api, namespace) - {stays}
    at = object_path("metricops.dev/v1", "rollbacks", namespace, goes)
    wait_until(lambda: bool((api.get(at).get("status") or {}).get("recoveryUnknown")), 60, "it is finished")
    api.delete(object_path("apps/v1", "deployments", namespace, "gone"))
    forgetful = start_receiver(**AT_ONCE)
    wait_until(lambda: goes not in names(api, namespace), 30, "the record of the workload that is gone is gone")
    assert names(api, namespace) == {stays}
    assert forgetful.forbidden() == []


def test_a_record_that_was_written_meanwhile_stays(
    api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    receiver = start_receiver()
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    receiver.decide(alert_for(namespace, "shop"))
    name = wait_for_phase(api, namespace, *AFTER_UNDO)["metadata"]["name"]
    store = RollbackStore(api)
    seen = store.get(namespace, name)
    assert seen is not None
    api.merge_patch(
        object_path("metricops.dev/v1", "rollbacks", namespace, name), {"metadata": {"labels": {"written": "since"}}}
    )
    assert not store.delete(seen)
    now = store.get(namespace, name)
    assert now is not None
    assert store.delete(now)
    assert not store.delete(now)
    assert store.get(namespace, name) is None
