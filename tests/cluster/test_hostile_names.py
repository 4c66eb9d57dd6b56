"""Labels that would be other paths of the API server's, were they taken for names."""

from __future__ import annotations

import pytest

from receiver.cluster.api import Api
from sandbox.receiver_process import ReceiverProcess, alert_for
from tests.cluster.workloads import deploy, records

HOSTILE = [
    "..",
    ".",
    "../..",
    "a/b",
    "%2e%2e",
    "shop/status",
    "shop?dryRun=All",
    "shop#",
    "Shop",
    "ѕhop",
    "shop\n",
    "\x00",
]


@pytest.mark.parametrize("part", ["namespace", "deployment"])
def test_no_such_workload(api: Api, namespace: str, receiver: ReceiverProcess, part: str) -> None:
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    for text in HOSTILE:
        names = {"namespace": namespace, "deployment": "shop", part: text}
        status, answer = receiver.deliver(alert_for(names["namespace"], names["deployment"]))
        assert (status, answer["alerts"][0]["reason"]) == (200, "workload-not-found"), text
    assert records(api, namespace) == []
