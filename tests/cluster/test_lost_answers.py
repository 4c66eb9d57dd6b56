"""Answers of the API server that say less than they seem to: no alert may be lost over them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from receiver.cluster.api import Api
from sandbox.faults import Fault, FaultProxy, Injection, Request
from sandbox.kubeconfig import with_token
from sandbox.receiver_process import ReceiverProcess, alert_for
from tests.cluster.conftest import Cluster
from tests.cluster.workloads import deploy, path, records, version_of, wait_for_phase


@pytest.fixture
def proxied(
    cluster: Cluster, proxy: FaultProxy, start_receiver: Callable[..., ReceiverProcess], tmp_path: Path
) -> ReceiverProcess:
    token = cluster.receiver_token()
    return start_receiver(
        kubeconfig=with_token(cluster.kubeconfig, token, tmp_path / "proxied.kubeconfig", server=proxy.url)
    )


def is_claim(request: Request) -> bool:
    return request.verb == "POST" and request.path.split("?")[0].endswith("/rollbacks")


def reads_workload(request: Request) -> bool:
    return request.verb == "GET" and "/deployments/" in request.path


def reads_switch(request: Request) -> bool:
    return request.verb == "GET" and "/configmaps/metricops-control" in request.path


@pytest.mark.parametrize(
    ("matches", "fault"),
    [(is_claim, Fault.CONFLICT), (reads_workload, Fault.BROKEN), (reads_workload, Fault.RESET)],
    ids=["409 for a claim that nobody holds", "500 for the workload", "no workload"],
)
def test_the_delivery_is_asked_for_again(
    api: Api,
    namespace: str,
    proxy: FaultProxy,
    proxied: ReceiverProcess,
    matches: Callable[[Request], bool],
    fault: Fault,
) -> None:
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    alert = alert_for(namespace, "shop")
    proxy.inject(Injection(fault, matches))
    status, answer = proxied.deliver(alert)
    assert status == 503, answer
    assert records(api, namespace) == []
    assert proxied.decide(alert)["reason"] == "undo"
    wait_for_phase(api, namespace, "RolledBack", "Recovered")
    assert version_of(api.get(path(namespace, "shop"))) == "one"


def test_a_claim_outlives_a_stop_switch_that_cannot_be_read(
    api: Api, namespace: str, proxy: FaultProxy, proxied: ReceiverProcess
) -> None:
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    claimed: list[Request] = []

    def reads_switch_after_the_claim(request: Request) -> bool:
        claimed.extend([request] if is_claim(request) else [])
        return bool(claimed) and reads_switch(request)

    injection = proxy.inject(Injection(Fault.BROKEN, reads_switch_after_the_claim, times=2))
    assert proxied.decide(alert_for(namespace, "shop"))["reason"] == "undo"
    wait_for_phase(api, namespace, "RolledBack", "Recovered")
    assert injection.hits == 2
    assert version_of(api.get(path(namespace, "shop"))) == "one"
