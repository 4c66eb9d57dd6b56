"""A delivery that is lost, and a person who says hands off: the whole receiver at a real Alertmanager."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from receiver.cluster.api import Api
from sandbox.audit import accepted_undos
from sandbox.debian import monitoring_binaries
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess
from tests.cluster.conftest import Cluster
from tests.cluster.test_races import claim
from tests.cluster.workloads import deploy, path, records, version_of, wait_for_phase
from tests.service.alertmanager.running import HTTP, alertmanager, config, expire, fire, silence


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    binaries = monitoring_binaries(progress=print)
    with alertmanager(binaries, tmp_path_factory.mktemp("alertmanager"), config()) as url:
        yield url


def undos(cluster: Cluster, namespace: str) -> int | None:
    events = cluster.audit_events()
    return None if events is None else len(accepted_undos(events, namespace))


def labels(namespace: str) -> dict[str, str]:
    return {"alertname": "ErrorBudgetBurn", "namespace": namespace, "deployment": "shop", "metricops": "undo"}


def test_a_lost_delivery_heals(
    cluster: Cluster, api: Api, namespace: str, url: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    receiver = start_receiver(alertmanager_url=url, resync_interval="500ms")
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    fire(url, None, **labels(namespace))
    wait_for_phase(api, namespace, "RolledBack", "Recovered")
    assert version_of(api.get(path(namespace, "shop"))) == "one"
    assert undos(cluster, namespace) in (None, 1)
    assert 'metricops_source_up{source="alertmanager"} 1.0' in receiver.metrics()
    assert '"via": "resync"' in receiver.log()


def test_a_silenced_alert_is_not_acted_upon_until_the_silence_ends(
    cluster: Cluster,
    api: Api,
    namespace: str,
    url: str,
    start_receiver: Callable[..., ReceiverProcess],
) -> None:
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    hands_off = silence(url, namespace=namespace)
    fire(url, None, **labels(namespace))
    receiver = start_receiver(alertmanager_url=url, resync_interval="500ms")
    looks = 'metricops_kubernetes_requests_total{code="200",resource="rollbacks",verb="GET"}'
    wait_until(lambda: looks in receiver.metrics(), 20, "it has looked around")
    assert records(api, namespace) == []

    # A person silences while the undo is on its way: the claim stands, and Alertmanager is asked again.
    fingerprint = shown_fingerprint(url, namespace)
    claim(api, namespace, fingerprint=fingerprint)
    record = wait_for_phase(api, namespace, "Failed")
    assert record["status"]["reason"] == "silenced"
    assert hands_off in record["status"]["message"]
    assert undos(cluster, namespace) in (None, 0)

    expire(url, hands_off)
    record = wait_for_phase(api, namespace, "RolledBack", "Recovered")
    assert record["status"]["attempt"] == 2
    assert undos(cluster, namespace) in (None, 1)


def shown_fingerprint(url: str, namespace: str) -> str:
    answer = HTTP.request("GET", url + "/api/v2/alerts", fields={"filter": f'namespace="{namespace}"'})
    (alert,) = json.loads(answer.data)
    return str(alert["fingerprint"])
