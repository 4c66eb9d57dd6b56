"""A release that was replaced before it served is nothing to go back to, as far as the API server shows it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from receiver.cluster.api import Api
from receiver.decision.values import WorkloadRef
from receiver.workloads.registry import KINDS
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for
from tests.cluster.workloads import deploy, path, version_of, wait_for_phase


def versions_that_never_completed(api: Api, namespace: str, kind: str) -> dict[str, bool]:
    workload = KINDS[kind].read(api, WorkloadRef(kind, namespace, "shop"), datetime.now(UTC))
    assert workload is not None
    if workload.current is None:
        return {}
    return {version_of({"spec": {"template": r.template}}): r.never_completed for r in workload.revisions}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_two_bad_releases_in_a_row(api: Api, namespace: str, receiver: ReceiverProcess, kind: str) -> None:
    """one serves; broken is replaced by broken-too before either is ready: the target is one."""
    deploy(api, namespace, "shop", "one", kind=kind)
    deploy(api, namespace, "shop", "broken", kind=kind, wait=False)
    seen = {"one": False, "broken": True}
    wait_until(lambda: versions_that_never_completed(api, namespace, kind) == seen, 30, "broken is revision 2")
    deploy(api, namespace, "shop", "broken-too", kind=kind, wait=False)
    seen["broken-too"] = True
    wait_until(lambda: versions_that_never_completed(api, namespace, kind) == seen, 30, "broken-too is revision 3")

    if kind == "StatefulSet":
        return  # Its controller waits for the broken pod, so nothing runs revision 3 and nothing blames it.

    def answer() -> bool:
        return bool(receiver.decide(alert_for(namespace, "shop", kind=kind))["reason"] in ("undo", "already-claimed"))

    wait_until(answer, 30, "its rollout has begun, and it is blamed")
    record = wait_for_phase(api, namespace, "RolledBack", "Recovered")
    assert (record["spec"]["blamed"]["revision"], record["spec"]["target"]["revision"]) == (3, 1)
    assert version_of(api.get(path(namespace, "shop", kind))) == "one"


def test_a_release_that_completed_is(api: Api, namespace: str) -> None:
    for version in ("one", "two", "three"):
        deploy(api, namespace, "shop", version)
    seen = dict.fromkeys(("one", "two", "three"), False)
    wait_until(lambda: versions_that_never_completed(api, namespace, "Deployment") == seen, 30, "all have completed")
