"""What a CD system says of a release stands on the workload, on the record of its undo, and in the lists."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from receiver.cluster.api import Api, JsonObject, object_path
from receiver.workloads.stamp import read_stamp
from sandbox.process import wait_until
from sandbox.receiver_process import RELEASES_TOKEN, ReceiverProcess, alert_for
from tests.cluster.workloads import IMAGE, MANAGER, deploy, manifest, next_second, path, records, wait_for_phase

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
PAGE = (Path(__file__).parents[2] / "docs/releases-api.md").read_text()
SAID = {
    "commit": "9f8e7d6",
    "link": "https://ci.example/jobs/7",
    "changeCause": "a new basket",
    "who": "the pipeline of shop",
}


@pytest.fixture(scope="module")
def receiver(receiver_kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReceiverProcess]:
    """One for all of these tests: a start takes longer than most of them."""
    receiver = ReceiverProcess(receiver_kubeconfig, tmp_path_factory.mktemp("receiver"))
    receiver.wait_until_ready()
    yield receiver
    receiver.process.stop()


def release(namespace: str, kind: str = "Deployment", **more: Any) -> dict[str, Any]:
    return {"namespace": namespace, "workload": {"kind": kind, "name": "shop"}, **more}


def fields(answer: JsonObject) -> list[str]:
    return [problem["field"] for problem in answer["problems"]]


def every_page(receiver: ReceiverProcess, what: str, **query: str) -> Iterator[dict[str, Any]]:
    """All items, page by page."""
    more: dict[str, str] = {}
    for _ in range(200):
        page = receiver.listed(what, **query, **more)
        yield from page["items"]
        if "continue" not in page:
            return
        more = {"continue": page["continue"]}
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("kind", KINDS)
def test_a_noted_release_is_told_wherever_it_is_spoken_of(
    api: Api, namespace: str, receiver: ReceiverProcess, kind: str
) -> None:
    deploy(api, namespace, "shop", "one", kind=kind)
    deploy(api, namespace, "shop", "two", kind=kind)
    next_second()
    alert = alert_for(namespace, "shop", kind=kind)
    next_second()
    before = api.get(path(namespace, "shop", kind))
    asked = release(namespace, kind, images=[IMAGE], **SAID)
    status, answer = receiver.note(asked)
    assert (status, answer["changed"], answer["warnings"]) == (201, True, [])
    after = api.get(path(namespace, "shop", kind))
    assert after["spec"]["template"] == before["spec"]["template"]
    stamp = read_stamp(after["metadata"]["annotations"])
    assert stamp is not None
    assert (stamp.commit, stamp.images, stamp.rollout_began) == ("9f8e7d6", {"main": IMAGE}, None)
    assert answer["release"]["templateHash"] == stamp.template_hash

    assert receiver.note(asked) == (200, {**answer, "changed": False})
    assert receiver.note(release(namespace, kind))[1]["release"] == answer["release"]
    assert api.get(path(namespace, "shop", kind))["metadata"]["annotations"] == after["metadata"]["annotations"]

    # What began after the rollout, and before it was noted, is still this release's.
    assert receiver.decide(alert)["reason"] == "undo"
    record = wait_for_phase(api, namespace, "RolledBack", "Recovered")
    assert {key: record["spec"]["blamed"]["release"][key] for key in SAID} == SAID
    deploy_again = read_stamp(api.get(path(namespace, "shop", kind))["metadata"]["annotations"])
    assert deploy_again is None or deploy_again.commit != "9f8e7d6"

    def is_listed() -> bool:
        return bool(receiver.listed("rollbacks", namespace=namespace)["items"])

    wait_until(is_listed, 10, "the watch shows the record")
    (shown,) = receiver.listed("rollbacks", namespace=namespace, kind=kind, name="shop")["items"]
    assert shown["spec"]["blamed"] == record["spec"]["blamed"]
    assert "template" not in shown["spec"]["target"]
    (workload,) = receiver.listed("workloads", namespace=namespace)["items"]
    assert (workload["mode"], workload["restored"]["rollback"]) == ("enabled", shown["metadata"]["name"])
    assert [r["name"] for r in workload["rollbacks"]] == [shown["metadata"]["name"]]
    restored, blamed = receiver.listed("releases", namespace=namespace)["items"]
    assert (restored["current"], blamed["current"]) == (True, False)
    assert [r["name"] for r in blamed["rollbacks"]] == [shown["metadata"]["name"]]
    assert blamed["rolloutBegan"]["earliest"] == answer["rolloutBegan"]["earliest"]
    if kind == "Deployment":
        # A ControllerRevision remembers annotations as of its creation, which was before the release was noted.
        assert blamed["release"]["commit"] == "9f8e7d6"


def test_what_is_not_the_live_release_is_not_noted(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    status, answer = receiver.note(release(namespace))
    assert (status, fields(answer)) == (404, ["workload"])
    deploy(api, namespace, "shop", "one", wait=False)

    def is_taken_up() -> bool:
        return receiver.note(release(namespace))[0] == 201

    wait_until(is_taken_up, 10, "the controller has made a revision")
    status, answer = receiver.note(release(namespace, images=["shop:next", IMAGE, "other"]))
    assert (status, fields(answer)) == (409, ["images[0]", "images[2]"])
    assert IMAGE in answer["problems"][0]["expected"]
    api.merge_patch(path(namespace, "shop"), {"metadata": {"labels": {"metricops.dev/rollback": None}}})
    status, answer = receiver.note(release(namespace))
    assert (status, fields(answer)) == (403, ["workload"])
    assert "metricops.dev/rollback" in answer["error"]
    assert receiver.forbidden() == []


def test_the_deployers_own_rule(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    deploy(api, namespace, "shop", "one")
    rule = "rate(http_request_total[5m]) > 0"
    status, answer = receiver.note(release(namespace, rule=rule))
    assert (status, fields(answer)) == (403, ["rule"])
    label = {"metadata": {"labels": {"metricops.dev/rules": "enabled"}}}
    api.merge_patch(object_path("v1", "namespaces", name=namespace), label)

    def is_opted_in() -> bool:
        return receiver.note(release(namespace, rule=rule))[0] == 201

    wait_until(is_opted_in, 10, "the watch shows the namespace's label")
    annotations = api.get(path(namespace, "shop"))["metadata"]["annotations"]
    assert annotations["metricops.dev/rule"] == rule
    status, answer = receiver.note(release(namespace, rule='rate(a{namespace="other"}[5m]) > 0', slo="x"))
    assert status == 400
    assert {field.split(",")[0] for field in fields(answer)} == {"rule", "slo"}
    status, answer = receiver.note(release(namespace, rule=None))
    assert (status, answer.get("changed")) == (200, True), answer
    assert "metricops.dev/rule" not in api.get(path(namespace, "shop"))["metadata"]["annotations"]

    own = manifest(namespace, "shop", "one", {"metricops.dev/rule": rule})
    api.apply(path(namespace, "shop"), own, field_manager=MANAGER)
    assert receiver.note(release(namespace, rule=rule))[0] == 200
    status, answer = receiver.note(release(namespace, rule="rate(a[5m]) > 1"))
    assert (status, fields(answer)) == (409, ["rule"])
    assert MANAGER in answer["error"]


def test_the_next_apply_is_clean(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    """The one who applies, server-side and without force, has no conflict with what was noted, and keeps it."""
    deploy(api, namespace, "shop", "one")
    assert receiver.note(release(namespace, **SAID))[0] == 201
    before = api.get(path(namespace, "shop"))["metadata"]
    body = manifest(namespace, "shop", "one", {})
    after = api.apply(path(namespace, "shop"), body, field_manager=MANAGER, force=False)["metadata"]
    assert (after["generation"], after["annotations"]) == (before["generation"], before["annotations"])


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_many_at_once_leave_one_whole_stamp(api: Api, namespace: str, receiver: ReceiverProcess, kind: str) -> None:
    deploy(api, namespace, "shop", "one", kind=kind)

    def note(number: int) -> int:
        statuses: list[int] = []

        def is_taken() -> bool:
            statuses.append(receiver.note(release(namespace, kind, commit=f"c{number}", who=f"w{number}"))[0])
            return statuses[-1] not in (409, 503)

        wait_until(is_taken, 30, "the release is noted")
        return statuses[-1]

    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(note, range(16)))
    assert statuses.count(201) == 1
    assert set(statuses) == {200, 201}
    stamp = read_stamp(api.get(path(namespace, "shop", kind))["metadata"]["annotations"])
    assert stamp is not None
    assert stamp.commit[1:] == stamp.who[1:]


def test_pages_hold_everything_once_in_a_stable_order(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    names = [f"shop-{number}" for number in range(3)]
    for name in names:
        for kind in ("Deployment", "StatefulSet"):
            deploy(api, namespace, name, "one", wait=False, kind=kind, replicas=0)
    unlabelled = manifest(namespace, "quiet", "one", {}, replicas=0)
    unlabelled["metadata"]["labels"] = {}
    api.apply(path(namespace, "quiet"), unlabelled, field_manager=MANAGER)
    deploy(api, namespace, "shop-0", "two", wait=False, replicas=0)

    def told(items: Any) -> list[tuple[str, str]]:
        return [(item["workload"]["kind"], item["workload"]["name"]) for item in items]

    expected = [(kind, name) for kind in ("Deployment", "StatefulSet") for name in names]
    assert told(receiver.listed("workloads", namespace=namespace)["items"]) == expected
    for limit in ("1", "4"):
        assert told(every_page(receiver, "workloads", namespace=namespace, limit=limit)) == expected
        # Of the whole cluster, which others use as well.
        found = [item for item in every_page(receiver, "workloads", limit=limit) if item["namespace"] == namespace]
        assert told(found) == expected
    (one,) = receiver.listed("workloads", namespace=namespace, kind="StatefulSet", name="shop-1")["items"]
    assert one["workload"] == {"kind": "StatefulSet", "name": "shop-1"}
    assert receiver.listed("workloads", namespace=namespace, mode="approve")["items"] == []

    def has_two_revisions() -> bool:
        return len(receiver.listed("releases", namespace=namespace, kind="Deployment", name="shop-0")["items"]) == 2

    wait_until(has_two_revisions, 10, "the controller has made the second revision")
    numbered = [
        (item["workload"]["name"], item["revision"])
        for item in every_page(receiver, "releases", namespace=namespace, kind="Deployment", limit="1")
    ]
    assert numbered == [("shop-0", 2), ("shop-0", 1), ("shop-1", 1), ("shop-2", 1)]

    label = {"metadata": {"labels": {"metricops.dev/rollback": "dry-run"}}}
    api.merge_patch(object_path("v1", "namespaces", name=namespace), label)
    with_namespace = [("Deployment", "quiet"), *expected]
    wait_until(
        lambda: told(receiver.listed("workloads", namespace=namespace)["items"]) == with_namespace,
        10,
        "the watch shows the namespace's label",
    )
    everywhere = [item for item in every_page(receiver, "workloads", limit="2") if item["namespace"] == namespace]
    assert sorted(told(everywhere)) == sorted(with_namespace)
    assert {item["mode"] for item in everywhere} == {"dry-run", "enabled"}


def test_one_namespace_alone(api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]) -> None:
    receiver = start_receiver(watch_namespace=namespace)
    deploy(api, namespace, "shop", "one")
    assert receiver.note(release(namespace))[0] == 201
    assert receiver.note(release("default"))[0] == 403
    assert len(receiver.listed("workloads")["items"]) == 1
    assert len(receiver.listed("releases")["items"]) == 1
    with pytest.raises(RuntimeError, match="403"):
        receiver.listed("workloads", namespace="default")
    assert records(api, namespace) == receiver.listed("rollbacks")["items"] == []


def test_the_calls_that_the_page_shows_do_what_it_says(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    deploy(api, namespace, "shop", "one")
    environment = {**os.environ, "METRICOPS_URL": receiver.url, "METRICOPS_TOKEN": RELEASES_TOKEN}

    def answer(call: str) -> Any:
        # Where the page says shop, the test has a namespace of its own.
        call = call.replace('"namespace": "shop"', f'"namespace": "{namespace}"')
        call = call.replace("namespace=shop", f"namespace={namespace}")
        done = subprocess.run(["bash", "-euc", call], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{call}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    post, releases, rollbacks, workloads = (block for block in blocks if block.startswith("curl"))
    assert answer(post)["changed"] is True
    assert answer(post)["changed"] is False
    (release,) = answer(releases)["items"]
    assert release["release"]["commit"] == "9f8e7d6"
    assert answer(rollbacks)["items"] == []
    assert ("shop", namespace) in {(i["workload"]["name"], i["namespace"]) for i in answer(workloads)["items"]}
