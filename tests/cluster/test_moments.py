"""The stop switch and the opt-in: what they forbid, and that to lift them is no order to act on what burns already."""

from __future__ import annotations

from collections.abc import Callable

from receiver.cluster.api import Api, object_path
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for
from tests.cluster.workloads import deploy, label, next_second, path, records, version_of, wait_for_phase
from tests.service.alertmanager.running import fire

SWITCH = object_path("v1", "configmaps", "metricops-system", "metricops-control")
AFTER_UNDO = ("RolledBack", "Recovered")


def test_the_stop_switch(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    try:
        for data in ({"undo": "stop"}, {"undo": "maybe"}, {"undo": None}):
            api.merge_patch(SWITCH, {"data": data})
            assert receiver.decide(alert_for(namespace, "shop"))["reason"] == "stopped"
        assert records(api, namespace) == []
    finally:
        api.merge_patch(SWITCH, {"data": {"undo": "run"}})
    assert receiver.decide(alert_for(namespace, "shop"))["reason"] == "undo"
    wait_for_phase(api, namespace, *AFTER_UNDO)


def test_what_fires_while_the_switch_is_on_is_left_to_a_person(
    api: Api, namespace: str, alertmanager_url: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    """Releasing the switch acts on nothing that fired meanwhile: by no redelivery and by no resync."""
    receiver = start_receiver(alertmanager_url=alertmanager_url, resync_interval="200ms")
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    try:
        api.merge_patch(SWITCH, {"data": {"undo": "stop"}})
        fire(alertmanager_url, None, alertname="Burn", namespace=namespace, deployment="shop", metricops="undo")
        wait_until(lambda: decided(receiver, namespace, "stopped"), 20, "the resync has seen it")
        fired = alert_for(namespace, "shop")
        next_second()
    finally:
        api.merge_patch(SWITCH, {"data": {"undo": "run"}})
    wait_until(lambda: decided(receiver, namespace, "fired-while-stopped"), 20, "the resync has seen it again")
    answer = receiver.decide(fired)
    assert (answer["verdict"], answer["reason"]) == ("refused", "fired-while-stopped")
    api.merge_patch(SWITCH, {"data": {"undo": "run"}})  # Once more is no other release of the switch.
    assert records(api, namespace) == []
    assert version_of(api.get(path(namespace, "shop"))) == "two"

    assert receiver.decide(alert_for(namespace, "shop", name="Another"))["reason"] == "undo"
    wait_for_phase(api, namespace, *AFTER_UNDO)


def test_what_is_switched_on_leaves_what_burns_to_a_person(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    label(api, namespace, "shop", None)
    # Within the rollout's own second, and the one that its clock leaves open, the label may be the release's.
    next_second()
    next_second()
    burning = alert_for(namespace, "shop")
    assert receiver.decide(burning)["reason"] == "not-opted-in"
    next_second()
    label(api, namespace, "shop", "enabled")
    answer = receiver.decide(burning)
    assert (answer["verdict"], answer["reason"]) == ("refused", "opted-in-later")
    assert receiver.decide(alert_for(namespace, "shop", name="Another"))["reason"] == "undo"


def decided(receiver: ReceiverProcess, namespace: str, reason: str) -> bool:
    lines = [line for line in receiver.log().splitlines() if namespace in line]
    return any(f'"reason": "{reason}"' in line for line in lines)
