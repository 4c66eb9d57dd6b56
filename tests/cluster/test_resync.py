"""A delivery that is lost, and a person who says hands off: the whole receiver at a real Alertmanager."""

from __future__ import annotations

import json
from collections.abc import Callable

from receiver.cluster.api import Api
from sandbox.audit import accepted_undos
from sandbox.process import free_port, wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for
from tests.cluster.conftest import Cluster
from tests.cluster.test_races import claim
from tests.cluster.workloads import deploy, path, records, version_of, wait_for_phase
from tests.service.alertmanager.running import HTTP, expire, fire, silence


def undos(cluster: Cluster, namespace: str) -> int | None:
    events = cluster.audit_events()
    return None if events is None else len(accepted_undos(events, namespace))


def labels(namespace: str) -> dict[str, str]:
    return {"alertname": "ErrorBudgetBurn", "namespace": namespace, "deployment": "shop", "metricops": "undo"}


def test_a_lost_delivery_heals(
    cluster: Cluster, api: Api, namespace: str, alertmanager_url: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    receiver = start_receiver(alertmanager_url=alertmanager_url, resync_interval="500ms")
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    fire(alertmanager_url, None, **labels(namespace))
    wait_for_phase(api, namespace, "RolledBack", "Recovered")
    assert version_of(api.get(path(namespace, "shop"))) == "one"
    assert undos(cluster, namespace) in (None, 1)
    assert 'metricops_source_up{source="alertmanager"} 1.0' in receiver.metrics()
    assert '"via": "resync"' in receiver.log()


def test_a_silenced_alert_is_not_acted_upon_until_the_silence_ends(
    cluster: Cluster,
    api: Api,
    namespace: str,
    alertmanager_url: str,
    start_receiver: Callable[..., ReceiverProcess],
) -> None:
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    hands_off = silence(alertmanager_url, namespace=namespace)
    fire(alertmanager_url, None, **labels(namespace))
    receiver = start_receiver(alertmanager_url=alertmanager_url, resync_interval="500ms")
    looks = 'metricops_kubernetes_requests_total{code="200",resource="rollbacks",verb="GET"}'
    wait_until(lambda: looks in receiver.metrics(), 20, "it has looked around")
    assert records(api, namespace) == []

    # A person silences while the undo is on its way: the claim stands, and Alertmanager is asked again.
    fingerprint = shown_fingerprint(alertmanager_url, namespace)
    claim(api, namespace, fingerprint=fingerprint)
    record = wait_for_phase(api, namespace, "Failed")
    assert record["status"]["reason"] == "silenced"
    assert hands_off in record["status"]["message"]
    assert undos(cluster, namespace) in (None, 0)

    expire(alertmanager_url, hands_off)
    record = wait_for_phase(api, namespace, "RolledBack", "Recovered")
    assert record["status"]["attempt"] == 2
    assert undos(cluster, namespace) in (None, 1)


def test_an_alertmanager_that_is_down_is_only_told(
    cluster: Cluster, api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    receiver = start_receiver(alertmanager_url=f"http://127.0.0.1:{free_port()}", resync_interval="200ms")
    down = 'metricops_source_up{source="alertmanager"} 0.0'
    wait_until(lambda: down in receiver.metrics() and "resync failed" in receiver.log(), 20, "it is told")
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    assert receiver.decide(alert_for(namespace, "shop"))["reason"] == "undo"
    wait_for_phase(api, namespace, "RolledBack", "Recovered")
    assert version_of(api.get(path(namespace, "shop"))) == "one"
    assert undos(cluster, namespace) in (None, 1)
    assert down in receiver.metrics()
    receiver.wait_until_ready()


def shown_fingerprint(alertmanager_url: str, namespace: str) -> str:
    answer = HTTP.request("GET", alertmanager_url + "/api/v2/alerts", fields={"filter": f'namespace="{namespace}"'})
    (alert,) = json.loads(answer.data)
    return str(alert["fingerprint"])
