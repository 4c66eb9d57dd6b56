"""Alertmanagers in a mesh, and receivers behind them: however often an alert comes, one undo, and none lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from receiver.cluster.api import Api
from sandbox.audit import accepted_undos
from sandbox.debian import MonitoringBinaries
from sandbox.faults import Fault, FaultProxy, Injection
from sandbox.kubeconfig import with_token
from sandbox.process import wait_until
from sandbox.receiver_process import TOKEN, ReceiverProcess
from tests.cluster.conftest import Cluster
from tests.cluster.test_lost_answers import is_claim
from tests.cluster.workloads import deploy, path, version_of, wait_for_phase
from tests.service.alertmanager.running import Peer, fire, mesh

SECONDS = 20.0


def config(receivers: list[ReceiverProcess]) -> str:
    """Every receiver has a webhook of its own. No notification is repeated: what comes twice came from two."""
    authorization = {"authorization": {"type": "Bearer", "credentials": TOKEN}}
    hooks = [{"url": receiver.url + "/api/v1/alerts", "http_config": authorization} for receiver in receivers]
    route: dict[str, Any] = {"receiver": "metricops", "group_by": ["namespace", "deployment"], "group_wait": "0s"}
    times = {"group_interval": "30s", "repeat_interval": "1h"}
    return yaml.safe_dump({"route": route | times, "receivers": [{"name": "metricops", "webhook_configs": hooks}]})


def deliveries(receiver: ReceiverProcess, outcome: str) -> int:
    found = re.search(rf'^metricops_deliveries_total{{.*outcome="{outcome}"}} (\S+)', receiver.metrics(), re.MULTILINE)
    return int(float(found[1])) if found else 0


@pytest.fixture
def start(
    cluster: Cluster, proxy: FaultProxy, start_receiver: Callable[..., ReceiverProcess], tmp_path: Path
) -> Callable[[int], list[ReceiverProcess]]:
    """Start so many receivers behind the proxy."""
    token = cluster.receiver_token()
    proxied = with_token(cluster.kubeconfig, token, tmp_path / "proxied.kubeconfig", server=proxy.url)

    def started(count: int) -> list[ReceiverProcess]:
        receivers = [start_receiver(kubeconfig=proxied, ready=False) for _ in range(count)]
        for receiver in receivers:
            receiver.wait_until_ready()
        return receivers

    return started


def fire_at_all(peers: list[Peer], namespace: str) -> None:
    """As Prometheus does: the same alert to each of them."""
    began = datetime.now(UTC)
    labels = {"alertname": "ErrorBudgetBurn", "namespace": namespace, "deployment": "shop", "metricops": "undo"}
    for peer in peers:
        fire(peer.url, began, **labels)


def one_undo(cluster: Cluster, namespace: str, generation: int) -> None:
    """The API server says so: one record, one more generation, one accepted PATCH."""
    wait_for_phase(cluster.api, namespace, "RolledBack", "Recovered")
    after = cluster.api.get(path(namespace, "shop"))
    assert (version_of(after), after["metadata"]["generation"]) == ("one", generation + 1)
    events = cluster.audit_events()
    assert events is None or len(accepted_undos(events, namespace)) == 1


@pytest.mark.parametrize(
    ("monitoring", "count", "failed_claims"),
    [("default", 1, 0), ("newest", 1, 1), ("newest", 2, 0), ("default", 2, 4)],
    ids=["one receiver", "one receiver, one 503", "two receivers", "two receivers, 503 for each delivery"],
    indirect=["monitoring"],
)
def test_both_deliver_at_once(
    cluster: Cluster,
    api: Api,
    namespace: str,
    monitoring: MonitoringBinaries,
    proxy: FaultProxy,
    start: Callable[[int], list[ReceiverProcess]],
    tmp_path: Path,
    count: int,
    failed_claims: int,
) -> None:
    deploy(api, namespace, "shop", "one")
    generation = deploy(api, namespace, "shop", "two")["metadata"]["generation"]
    receivers = start(count)
    if failed_claims:
        proxy.inject(Injection(Fault.BROKEN, is_claim, times=failed_claims))
    claims = proxy.hold(is_claim)
    claims.delays_only = True

    with mesh(monitoring, tmp_path / "mesh", config(receivers), peer_timeout="0s") as peers:
        fire_at_all(peers, namespace)
        wait_until(lambda: claims.waiting == 2 * count, SECONDS, "each has delivered to each receiver")
        claims.release()
        wait_until(lambda: all(deliveries(r, "accepted") == 2 for r in receivers), SECONDS, "all are answered")
        one_undo(cluster, namespace, generation)

    assert sum(deliveries(receiver, "retry") for receiver in receivers) == failed_claims
    assert [deliveries(receiver, "accepted") for receiver in receivers] == [2] * count


def test_the_first_dies_of_a_delivery_that_failed(
    cluster: Cluster,
    api: Api,
    namespace: str,
    monitoring: MonitoringBinaries,
    proxy: FaultProxy,
    start: Callable[[int], list[ReceiverProcess]],
    tmp_path: Path,
) -> None:
    deploy(api, namespace, "shop", "one")
    generation = deploy(api, namespace, "shop", "two")["metadata"]["generation"]
    (receiver,) = start(1)
    with mesh(monitoring, tmp_path / "mesh", config([receiver]), peer_timeout="2s") as peers:
        injection = proxy.inject(Injection(Fault.BROKEN, is_claim, then=peers[0].process.kill))
        fire_at_all(peers, namespace)
        wait_until(lambda: deliveries(receiver, "accepted") == 1, SECONDS, "the second has delivered")
        one_undo(cluster, namespace, generation)
    assert injection.hits == 1
    assert not peers[0].process.is_running
