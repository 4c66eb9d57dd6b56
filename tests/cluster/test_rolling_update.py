"""While the receivers are replaced one by one, no alert is lost and none is answered by two undos."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import urllib3

from receiver.cluster.api import Api
from sandbox.audit import accepted_undos
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for
from tests.cluster.conftest import Cluster
from tests.cluster.workloads import deploy, path, phase, records, version_of, wait_for_rollout

WORKLOADS = ("one-shop", "two-shop", "three-shop", "four-shop")
UNDONE = ("RolledBack", "Recovered")


class Service:
    """Sends to the receivers that are its endpoints, in turn; repeats as Alertmanager does."""

    def __init__(self, *receivers: ReceiverProcess) -> None:
        self.endpoints = list(receivers)
        self.repeated = 0
        self.until_enough = time.monotonic() + 60

    def deliver(self, namespace: str, workload: str) -> str:
        """Until it has its 2xx; a lost connection and a 5xx are tried again. Returns the reason."""
        turn = 0
        while time.monotonic() < self.until_enough:
            turn += 1
            try:
                status, answer = self.endpoints[turn % len(self.endpoints)].deliver(alert_for(namespace, workload))
            except urllib3.exceptions.HTTPError:
                status = 599
            if status == 200:
                return str(answer["alerts"][0]["reason"])
            assert status >= 500, f"{status} would be final"
            self.repeated += 1
            time.sleep(0.05)
        raise TimeoutError(f"the alert of {workload} was never taken")


def test_a_rolling_update_loses_no_alert(
    cluster: Cluster, api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    for version in ("one", "two"):
        for workload in WORKLOADS:
            deploy(api, namespace, workload, version, wait=False)
        for workload in WORKLOADS:
            wait_for_rollout(api, namespace, workload)
    before = {workload: api.get(path(namespace, workload))["metadata"]["generation"] for workload in WORKLOADS}

    old = start_receiver()
    service = Service(old)
    with ThreadPoolExecutor(len(WORKLOADS)) as pool:
        first = [pool.submit(service.deliver, namespace, workload) for workload in WORKLOADS[:2]]
        new = start_receiver()
        service.endpoints.append(new)
        old.process.signal(signal.SIGTERM)
        # Nobody knows yet that it is going: the worst case, without the seconds that the shipped preStop waits.
        later = [pool.submit(service.deliver, namespace, workload) for workload in WORKLOADS]
        answers = [answer.result(60) for answer in (*first, *later)]
        service.endpoints.remove(old)
        wait_until(lambda: not old.process.is_running, 30, "the old receiver has ended")
    # What comes again once the undo is done is refused: the workload runs what was restored.
    assert set(answers) <= {"undo", "already-claimed", "restore"}, answers

    def undone() -> bool:
        return [phase(record) in UNDONE for record in records(api, namespace)] == [True] * len(WORKLOADS)

    wait_until(undone, 60, "each workload has its one record, and it is undone")
    for workload in WORKLOADS:
        after = api.get(path(namespace, workload))
        assert (version_of(after), after["metadata"]["generation"]) == ("one", before[workload] + 1)
    events = cluster.audit_events()
    assert events is None or len(accepted_undos(events, namespace)) == len(WORKLOADS)
