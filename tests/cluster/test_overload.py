"""An API server that does not answer: the receiver says so at once, stays visible, and takes all when it can again."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import urllib3

from receiver.cluster.api import Api
from sandbox.audit import accepted_undos
from sandbox.faults import FaultProxy, Request
from sandbox.kubeconfig import certificate_authority, with_token
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for
from tests.cluster.conftest import Cluster
from tests.cluster.workloads import deploy, wait_for_phase

PLACES, MORE = 3, 20
AT_ONCE_SECONDS = 1.0


def test_overload(
    cluster: Cluster,
    api: Api,
    namespace: str,
    tmp_path: Path,
    start_receiver: Callable[..., ReceiverProcess],
) -> None:
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")

    def reads_the_workload(request: Request) -> bool:
        return request.verb == "GET" and f"/namespaces/{namespace}/deployments/shop" in request.path

    with FaultProxy(cluster.api.server, str(certificate_authority(cluster.kubeconfig, tmp_path))) as proxy:
        kubeconfig = with_token(
            cluster.kubeconfig, cluster.receiver_token(), tmp_path / "proxied.kubeconfig", server=proxy.url
        )
        receiver = start_receiver(
            kubeconfig=kubeconfig, threads=str(PLACES + 1), max_deliveries_in_flight=str(PLACES), api_timeout="60s"
        )
        hold = proxy.hold(reads_the_workload)
        hold.delays_only = True
        with ThreadPoolExecutor(PLACES) as pool:
            kept = [pool.submit(receiver.deliver, alert_for(namespace, "shop")) for _ in range(PLACES)]
            wait_until(lambda: hold.waiting == PLACES, 20, "every place is taken")

            began = time.monotonic()
            answers = [deliver(receiver, namespace) for _ in range(MORE)]
            assert time.monotonic() - began < AT_ONCE_SECONDS
            assert [answer.status for answer in answers] == [503] * MORE
            assert {answer.headers["Retry-After"] for answer in answers} == {"1"}
            for page in ("/healthz", "/readyz", "/metrics"):
                began = time.monotonic()
                assert urllib3.request("GET", receiver.url + page, timeout=5.0, retries=False).status == 200
                assert time.monotonic() - began < AT_ONCE_SECONDS
            told = f'metricops_deliveries_total{{format="other",outcome="overload"}} {MORE:.1f}'
            assert told in receiver.metrics()

            hold.release()
            assert [answer.result()[0] for answer in kept] == [200] * PLACES
        assert receiver.deliver(alert_for(namespace, "shop"))[0] == 200
        wait_for_phase(api, namespace, "RolledBack", "Recovered")
    events = cluster.audit_events()
    assert events is None or len(accepted_undos(events, namespace)) == 1


def deliver(receiver: ReceiverProcess, namespace: str) -> urllib3.BaseHTTPResponse:
    """One delivery, with all of its answer."""
    return urllib3.request(
        "POST",
        f"{receiver.url}/api/v1/alerts",
        json={"version": "4", "alerts": [alert_for(namespace, "shop")]},
        headers=receiver.authorization,
        timeout=20.0,
        retries=False,
    )
