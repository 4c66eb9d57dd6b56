"""People take back what was undone, and allow what was condemned."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from receiver.cluster.api import Api, object_path
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for
from tests.cluster.conftest import Cluster
from tests.cluster.people import Person
from tests.cluster.workloads import deploy, label, path, records, version_of, wait_for_phase, wait_for_rollout

DONE = ("RolledBack", "Recovered")


def undone(api: Api, namespace: str, receiver: ReceiverProcess, kind: str = "Deployment") -> str:
    """A bad release that was undone; its record's name."""
    deploy(api, namespace, "shop", "one", kind=kind)
    deploy(api, namespace, "shop", "two", kind=kind)
    assert receiver.decide(alert_for(namespace, "shop", kind=kind))["reason"] == "undo"
    return str(wait_for_phase(api, namespace, *DONE)["metadata"]["name"])


def running(api: Api, namespace: str, kind: str = "Deployment") -> str:
    return version_of(api.get(path(namespace, "shop", kind)))


def test_an_undo_is_taken_back(cluster: Cluster, api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    approver = Person(cluster, namespace, "ann", "metricops-approver")
    operator = Person(cluster, namespace, "eve", "metricops-approver", "edit")
    name = undone(api, namespace, receiver)

    refused = approver.types("rollbacks", "revert", name, "--yes")
    assert refused.returncode == 1
    assert "right is missing" in refused.stderr
    assert "reverted" not in records(api, namespace)[0]["spec"]

    done = operator.types("rollbacks", "revert", name, "--yes", "--reason", "it was the cache")
    assert done.returncode == 0, done.stderr
    assert running(api, namespace) == "two"
    record = wait_for_phase(api, namespace, "Superseded")
    assert record["status"]["reason"] == "reverted"
    assert record["status"]["message"] == f"{operator.user} took the undo back"
    said = record["spec"]["reverted"]
    assert (said["by"], said["reason"]) == (operator.user, "it was the cache")
    note = json.loads(api.get(path(namespace, "shop"))["metadata"]["annotations"]["metricops.dev/restored-by"])
    assert (note["rollback"], note["revertedBy"]) == (name, operator.user)
    managers = {
        entry["manager"]
        for entry in api.get(path(namespace, "shop"))["metadata"]["managedFields"]
        if "f:template" in entry["fieldsV1"].get("f:spec", {})
    }
    assert managers == {"a-person"}  # The next apply is as clean as after our own undo.

    wait_for_rollout(api, namespace, "shop")
    assert receiver.decide(alert_for(namespace, "shop", name="Another"))["reason"] == "restore"
    assert running(api, namespace) == "two"

    again = operator.types("rollbacks", "revert", name, "--yes")
    assert again.returncode == 0
    assert "reverted already" in again.stdout

    # The next bad release is undone to what was reverted to.
    deploy(api, namespace, "shop", "three", annotations={"metricops.dev/cooldown": "0s"})
    answer = receiver.decide(alert_for(namespace, "shop", name="Third"))
    assert (answer["verdict"], answer["reason"]) == ("claimed", "undo"), answer
    wait_until(lambda: running(api, namespace) == "two", 30, "undone to the reverted release")


def test_only_what_was_undone_and_still_runs(
    cluster: Cluster, api: Api, namespace: str, receiver: ReceiverProcess
) -> None:
    eve = Person(cluster, namespace, "eve", "metricops-approver", "edit")
    deploy(api, namespace, "dry", "one")
    dry = {"metadata": {"labels": {"metricops.dev/rollback": "dry-run"}}}
    api.merge_patch(path(namespace, "dry"), dry)
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    api.merge_patch(path(namespace, "shop"), dry)
    receiver.decide(alert_for(namespace, "shop"))
    name = wait_for_phase(api, namespace, "DryRun")["metadata"]["name"]
    failed = eve.types("rollbacks", "revert", name, "--yes")
    assert failed.returncode == 1
    assert "nothing was undone" in failed.stderr

    api.merge_patch(path(namespace, "shop"), {"metadata": {"labels": {"metricops.dev/rollback": "enabled"}}})
    receiver.decide(alert_for(namespace, "shop"))
    wait_for_phase(api, namespace, *DONE)
    deploy(api, namespace, "shop", "three")
    failed = eve.types("rollbacks", "revert", name, "--yes")
    assert failed.returncode == 1
    assert "a-person has deployed since" in failed.stderr
    assert running(api, namespace) == "three"


def test_a_stateful_set_too(cluster: Cluster, api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    name = undone(api, namespace, receiver, "StatefulSet")
    eve = Person(cluster, namespace, "eve", "metricops-approver", "edit", more=READ_HISTORY)
    done = eve.types("rollbacks", "revert", name, "--yes")
    assert done.returncode == 0, done.stderr
    assert running(api, namespace, "StatefulSet") == "two"
    assert wait_for_phase(api, namespace, "Superseded")["status"]["reason"] == "reverted"


READ_HISTORY: list[dict[str, Any]] = [
    {"apiGroups": ["apps"], "resources": ["controllerrevisions"], "verbs": ["get", "list"]}
]


def test_a_condemned_template_may_be_tried_again(
    cluster: Cluster, api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    receiver = start_receiver(cooldown="0s")
    name = undone(api, namespace, receiver)
    deploy(api, namespace, "shop", "two")
    wait_for_phase(api, namespace, "Contested")
    assert receiver.decide(alert_for(namespace, "shop", name="Another"))["reason"] == "condemned"

    ann = Person(cluster, namespace, "ann", "metricops-approver")
    for arguments, code, said in (
        (("release", "clear", "shop", "--yes"), 2, "expected deployment/NAME"),
        (("release", "clear", "deployment/cart", "--yes"), 1, "no template of deployment/cart"),
        (("release", "clear", "deployment/shop", "--template", "abc", "--yes"), 1, "condemned are: "),
    ):
        failed = ann.types(*arguments)
        assert failed.returncode == code
        assert said in failed.stderr
    done = ann.types("release", "clear", "deployment/shop", "--yes")
    assert done.returncode == 0, done.stderr
    record = records(api, namespace)[0]
    assert record["metadata"]["name"] == name
    assert record["spec"]["cleared"]["by"] == ann.user
    assert receiver.decide(alert_for(namespace, "shop", name="Another"))["reason"] == "restore"
    assert ann.types("release", "clear", "deployment/shop", "--yes").returncode == 1

    # It is a target again, once a release has followed it.
    deploy(api, namespace, "shop", "three")
    assert receiver.decide(alert_for(namespace, "shop", name="Third"))["reason"] == "undo"
    wait_until(lambda: running(api, namespace) == "two", 30, "undone to the cleared release")


def test_watch_shows_what_there_is_and_what_changes(
    cluster: Cluster, api: Api, namespace: str, receiver: ReceiverProcess
) -> None:
    bob = Person(cluster, namespace, "bob", "metricops-viewer")
    name = undone(api, namespace, receiver)
    watching = subprocess.Popen(
        [sys.executable, "-u", "-m", "cli.main", "rollbacks", "watch", "-n", namespace],
        env={**os.environ, "KUBECONFIG": str(bob.kubeconfig)},
        stdout=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background has the signal ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,  # noqa: PLW1509
    )
    assert watching.stdout is not None
    try:
        assert watching.stdout.readline().split()[:2] == ["NAMESPACE", "NAME"]
        assert watching.stdout.readline().split()[:3] == [namespace, name, "deployment/shop"]
        deploy(api, namespace, "shop", "three")
        changed = watching.stdout.readline()
        assert "Superseded" in changed
        watching.send_signal(signal.SIGINT)
        assert watching.wait(10) == 0
    finally:
        watching.kill()
        watching.stdout.close()


def test_kubectl_alone_takes_an_undo_back(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    name = undone(api, namespace, receiver)
    at = object_path("metricops.dev/v1", "rollbacks", namespace, name)
    api.merge_patch(at, {"spec": {"reverted": {"by": "ann", "at": "2026-03-01T12:00:00Z"}}})
    deploy(api, namespace, "shop", "two")
    assert wait_for_phase(api, namespace, "Superseded")["status"]["message"] == "ann took the undo back"


def test_a_pipeline_hears_the_verdict(cluster: Cluster, api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    pipeline = Person(cluster, namespace, "ci", "view")
    deploy(api, namespace, "shop", "one")
    stood = pipeline.types("release", "wait", "deployment/shop", "--for", "1s")
    assert (stood.returncode, stood.stderr) == (0, ""), stood.stderr
    assert stood.stdout == f"deployment/shop in {namespace}: the release stood\n"

    deploy(api, namespace, "shop", "two")
    label(api, namespace, "shop", "approve")
    assert receiver.decide(alert_for(namespace, "shop"))["reason"] == "approve"
    name = wait_for_phase(api, namespace, "AwaitingApproval")["metadata"]["name"]
    blamed = pipeline.types("release", "wait", "deploy/shop", "--for", "1s")
    assert blamed.returncode == 1
    assert (
        f"the release is blamed: deployment/shop in {namespace}, revision 2: {name} is AwaitingApproval"
        in blamed.stderr
    )
