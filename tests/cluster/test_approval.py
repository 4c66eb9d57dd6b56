"""Mode approve: whose word counts, what it is a word on, and how long."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from receiver.cluster.api import Api, object_path
from sandbox.receiver_process import ReceiverProcess, alert_for
from tests.cluster.conftest import Cluster
from tests.cluster.people import Person
from tests.cluster.prometheus import running_prometheus
from tests.cluster.workloads import deploy, label, path, version_of, wait_for_phase


def wait_for_word(api: Api, namespace: str, receiver: ReceiverProcess) -> dict[str, Any]:
    """A bad release of a workload in mode approve, blamed: its record waits."""
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    label(api, namespace, "shop", "approve")
    assert receiver.decide(alert_for(namespace, "shop"))["reason"] == "approve"
    return wait_for_phase(api, namespace, "AwaitingApproval")


def word(record: dict[str, Any], decision: str = "approve") -> dict[str, Any]:
    spec = record["spec"]
    hashes = {"blamedHash": spec["blamed"]["templateHash"], "targetHash": spec["target"]["templateHash"]}
    return {"approval": {"decision": decision, **hashes}}


def running(api: Api, namespace: str) -> str:
    return version_of(api.get(path(namespace, "shop")))


def test_one_may_approve_the_other_may_only_look(
    cluster: Cluster, api: Api, namespace: str, receiver: ReceiverProcess
) -> None:
    approver = Person(cluster, namespace, "ann", "metricops-approver")
    viewer = Person(cluster, namespace, "bob", "metricops-viewer")
    record = wait_for_word(api, namespace, receiver)
    name = record["metadata"]["name"]

    refused = viewer.types("rollbacks", "approve", name, "--yes")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert f'"{viewer.user}" cannot patch resource "rollbacks"' in refused.stderr
    shown = viewer.types("rollbacks", "show", name)
    assert shown.returncode == 0, shown.stderr
    assert "AwaitingApproval" in shown.stdout
    assert f"metricops rollbacks approve {name} -n {namespace}" in shown.stdout
    assert json.loads(viewer.types("rollbacks", "show", name, "--output", "json").stdout)["spec"] == record["spec"]
    assert yaml.safe_load(viewer.types("rollbacks", "show", name, "-o", "yaml").stdout)["spec"] == record["spec"]

    unsure = approver.types("rollbacks", "approve", name, stdin="n\n")
    assert unsure.returncode == 1
    assert "from revision 2" in unsure.stdout
    assert api.get(object_path("metricops.dev/v1", "rollbacks", namespace, name))["spec"] == record["spec"]

    done = approver.types("rollbacks", "approve", name, "--yes")
    assert done.returncode == 0, done.stderr
    assert approver.user in done.stdout
    record = wait_for_phase(api, namespace, "RolledBack", "Recovered")
    assert record["spec"]["approval"]["by"] == approver.user
    assert running(api, namespace) == "one"

    late = approver.types("rollbacks", "reject", name, "--yes")
    assert late.returncode == 1
    assert f"Error: {name} is {record['status']['phase']}, not AwaitingApproval" in late.stderr


def test_the_same_with_kubectl(
    cluster: Cluster, api: Api, namespace: str, receiver: ReceiverProcess, kubectl: Path
) -> None:
    record = wait_for_word(api, namespace, receiver)
    name = record["metadata"]["name"]
    refused = Person(cluster, namespace, "bob", "metricops-viewer").patches(kubectl, name, word(record))
    assert refused.returncode == 1
    assert "Forbidden" in refused.stderr
    done = Person(cluster, namespace, "ann", "metricops-approver").patches(kubectl, name, word(record))
    assert done.returncode == 0, done.stderr
    wait_for_phase(api, namespace, "RolledBack", "Recovered")
    assert running(api, namespace) == "one"


def test_a_rejection_is_final(cluster: Cluster, api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    record = wait_for_word(api, namespace, receiver)
    ann = Person(cluster, namespace, "ann", "metricops-approver")
    assert ann.types("rollbacks", "reject", record["metadata"]["name"], "--yes").returncode == 0
    record = wait_for_phase(api, namespace, "Rejected")
    assert record["status"]["message"] == f"rejected by {ann.user}"
    assert receiver.decide(alert_for(namespace, "shop", name="Another"))["reason"] == "already-claimed"
    assert running(api, namespace) == "two"


def test_failures_are_one_message_each(cluster: Cluster, namespace: str) -> None:
    ann = Person(cluster, namespace, "ann", "metricops-approver")
    nobody = Person(cluster, namespace, "zoe")
    for person, arguments, said in (
        (ann, ("show", "no-such"), '"no-such" not found'),
        (ann, ("approve", "no-such", "--yes"), '"no-such" not found'),
        (ann, ("show", "No Such"), "cannot be the name of a Rollback"),
        (nobody, ("show", "no-such"), f'"{nobody.user}" cannot get resource "rollbacks"'),
        (nobody, ("list",), f'"{nobody.user}" cannot list resource "rollbacks"'),
    ):
        failed = person.types("rollbacks", *arguments)
        assert (failed.returncode, failed.stdout) == (1, "")
        assert failed.stderr.count("\n") == 1
        assert said in failed.stderr


def test_fixed_forward_while_it_waits(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    record = wait_for_word(api, namespace, receiver)
    deploy(api, namespace, "shop", "three")
    record = wait_for_phase(api, namespace, "Superseded")
    assert record["status"]["reason"] == "template-changed"
    at = object_path("metricops.dev/v1", "rollbacks", namespace, record["metadata"]["name"])
    api.merge_patch(at, {"spec": word(record)})
    assert running(api, namespace) == "three"


def test_it_expires_and_a_word_on_the_old_attempt_does_not_count(
    api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    receiver = start_receiver(approval_expires="2s")
    record = wait_for_word(api, namespace, receiver)
    record = wait_for_phase(api, namespace, "Expired")
    at = object_path("metricops.dev/v1", "rollbacks", namespace, record["metadata"]["name"])
    api.merge_patch(at, {"spec": word(record)})
    assert receiver.decide(alert_for(namespace, "shop"))["reason"] == "approve"
    again = wait_for_phase(api, namespace, "AwaitingApproval")
    assert again["status"]["attempt"] == 2
    wait_for_phase(api, namespace, "Expired")
    assert running(api, namespace) == "two"


def test_the_alert_ends_before_the_word_comes(
    cluster: Cluster,
    api: Api,
    namespace: str,
    start_receiver: Callable[..., ReceiverProcess],
    tmp_path: Path,
) -> None:
    with running_prometheus(tmp_path) as prometheus:
        receiver = start_receiver(prometheus_url=prometheus.url)
        deploy(api, namespace, "shop", "one")
        deploy(api, namespace, "shop", "two")
        label(api, namespace, "shop", "approve")
        prometheus.alert(namespace, "shop", firing=True)
        assert receiver.decide(alert_for(namespace, "shop"))["reason"] == "approve"
        record = wait_for_phase(api, namespace, "AwaitingApproval")
        prometheus.alert(namespace, "shop", firing=False)
        ann = Person(cluster, namespace, "ann", "metricops-approver")
        assert ann.types("rollbacks", "approve", record["metadata"]["name"], "--yes").returncode == 0
        record = wait_for_phase(api, namespace, "Superseded")
        assert record["status"]["reason"] == "alert-gone"
        prometheus.alert(namespace, "shop", firing=True)
        assert receiver.decide(alert_for(namespace, "shop"))["reason"] == "approve"
        assert wait_for_phase(api, namespace, "AwaitingApproval")["status"]["attempt"] == 2
    assert running(api, namespace) == "two"


@pytest.mark.parametrize("field", ["blamedHash", "targetHash"])
def test_a_word_on_something_else(api: Api, namespace: str, receiver: ReceiverProcess, field: str) -> None:
    record = wait_for_word(api, namespace, receiver)
    at = object_path("metricops.dev/v1", "rollbacks", namespace, record["metadata"]["name"])
    api.merge_patch(at, {"spec": {"approval": {**word(record)["approval"], field: "another"}}})
    assert wait_for_phase(api, namespace, "Rejected")["status"]["reason"] == "approval-mismatch"
    assert running(api, namespace) == "two"
