"""A budget of undos is one for all receivers, and what is over it is on the record."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from receiver import names
from receiver.cluster.api import Api, object_path
from receiver.rollbacks.budget import read_slots
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for
from tests.cluster.workloads import deploy, path, records, version_of, wait_for_phase

BUDGET = object_path("v1", "configmaps", names.DEFAULT_NAMESPACE, names.BUDGET_CONFIGMAP)


def slots_of(api: Api, namespace: str) -> list[str]:
    slots = read_slots(api.get(BUDGET).get("data") or {})
    return [slot.holder for slot in slots if slot.namespace == namespace]


def two_bad_releases(api: Api, namespace: str) -> None:
    for version in ("one", "two"):
        for name in ("shop", "cart"):
            deploy(api, namespace, name, version)


def phases(api: Api, namespace: str) -> list[str]:
    return sorted((record.get("status") or {}).get("phase", "Claimed") for record in records(api, namespace))


def test_two_receivers_agree_on_the_last_slot(
    api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    receivers = [start_receiver(namespace_budget="1"), start_receiver(namespace_budget="1")]
    two_bad_releases(api, namespace)
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(lambda n: receivers[n].decide(alert_for(namespace, ("shop", "cart")[n])), range(len(receivers)))
        )
    assert [answer["reason"] for answer in answers] == ["undo", "undo"]
    wait_until(
        lambda: phases(api, namespace) in (["OverBudget", "RolledBack"], ["OverBudget", "Recovered"]),
        60,
        "one is undone, the other is over the budget",
    )
    versions = sorted(version_of(api.get(path(namespace, name))) for name in ("shop", "cart"))
    assert versions == ["one", "two"]
    assert len(slots_of(api, namespace)) == 1
    over = next(r for r in records(api, namespace) if r["status"]["phase"] == "OverBudget")
    assert f"1 undos in namespace {namespace}" in over["status"]["message"]
    assert "undoneAt" not in over["status"]


def test_what_is_over_the_budget_is_told_once_and_undone_when_a_slot_is_free(
    api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    receiver = start_receiver(namespace_budget="1", budget_window="20s", cooldown="1s")
    two_bad_releases(api, namespace)
    assert receiver.decide(alert_for(namespace, "shop"))["reason"] == "undo"
    wait_for_phase(api, namespace, "RolledBack", "Recovered")
    alert = alert_for(namespace, "cart")
    assert receiver.decide(alert)["reason"] == "undo"
    wait_until(lambda: "OverBudget" in phases(api, namespace), 15, "the second one is over the budget")
    again = receiver.decide(alert)
    assert (again["verdict"], again["reason"]) == ("refused", "over-budget")
    record = next(r for r in records(api, namespace) if r["spec"]["workload"]["name"] == "cart")
    assert record["status"].get("attempt", 1) == 1
    wait_until(lambda: receiver.decide(alert)["reason"] in ("undo", "already-claimed"), 40, "a slot is free again")
    wait_until(lambda: version_of(api.get(path(namespace, "cart"))) == "one", 15, "the cart is undone as well")


def test_without_the_budget_nothing_is_undone(
    api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    """As with the stop switch: what can't be read stops, and says so."""
    kept = api.get(BUDGET)
    receiver = start_receiver()
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    api.delete(BUDGET)
    try:
        assert receiver.decide(alert_for(namespace, "shop"))["reason"] == "undo"
        record = wait_for_phase(api, namespace, "OverBudget")
        assert "metricops-budget cannot be read and written: 404 NotFound" in record["status"]["message"]
        assert version_of(api.get(path(namespace, "shop"))) == "two"
    finally:
        kept["metadata"] = {key: kept["metadata"][key] for key in ("name", "namespace", "labels")}
        api.apply(BUDGET, kept, field_manager="tests")
