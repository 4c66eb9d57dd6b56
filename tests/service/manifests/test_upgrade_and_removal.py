"""What docs/operations.md says of upgrade and removal, done on a real API server."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml

from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from receiver.rollbacks.record import read_rollback
from sandbox.cluster import ControlPlane
from sandbox.process import wait_until
from sandbox.shipped import exists, path_of
from tests.service.manifests.overlays import MANIFESTS
from tests.unit.cli.record import record

CRD = MANIFESTS / "base/crd.yaml"
SINCE_THE_FIRST = ("cleared", "reverted", "evidence")
"""What a spec has had added to it."""
NAMESPACE = "shop"
WORKLOAD = object_path("apps/v1", "deployments", NAMESPACE, "shop")
WEBHOOK_SECONDS = 3.0
"""The webhook's time-out: the longest that a deploy may wait for it, and then it goes through."""
REMOVAL_SECONDS = 60


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(progress=print, scheduler=False) as plane:
        plane.kubectl("apply", "-k", str(MANIFESTS / "base"))
        plane.kubectl("create", "namespace", NAMESPACE)
        yield plane


@pytest.fixture(scope="module")
def api(plane: ControlPlane) -> Api:
    return plane.api()


def version(**changes: Any) -> JsonObject:
    """The shipped CRD; `without` are fields of the spec that it did not have yet, `added` is one that it will have."""
    crd: JsonObject = copy.deepcopy(yaml.safe_load(CRD.read_text()))
    (served,) = crd["spec"]["versions"]
    spec = served["schema"]["openAPIV3Schema"]["properties"]["spec"]
    for name in changes.get("without", ()):
        del spec["properties"][name]
    spec["x-kubernetes-validations"] = [] if changes.get("without") else spec["x-kubernetes-validations"]
    if added := changes.get("added"):
        served["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"][added] = {"type": "string"}
        served["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"][added] = {"type": "string"}
    return crd


def put_in_force(plane: ControlPlane, api: Api, crd: JsonObject, *, has: str, keeps: bool) -> None:
    """Apply a version of the CRD, and wait until the API server keeps or drops the spec's field `has`."""
    plane.kubectl("apply", "-f", "-", stdin=json.dumps(crd))
    probe = rollback("probe", **{has: SAMPLES.get(has, "something")})

    def is_in_force() -> bool:
        try:
            shown = api.create(RECORDS, probe, dryRun="All")
        except ApiError:
            return False
        return (has in shown["spec"]) is keeps

    wait_until(is_in_force, 30, f"the CRD {'with' if keeps else 'without'} {has} is in force")


RECORDS = object_path(names.API_VERSION, names.ROLLBACKS, NAMESPACE)
SAMPLES = {"cleared": {"by": "ann", "at": "2026-03-01T12:00:00Z"}}


def rollback(name: str, **spec: Any) -> JsonObject:
    """A record as the receiver writes it, for the approval of a person."""
    body = record()
    body["metadata"] = {"name": name, "namespace": NAMESPACE, "labels": body["metadata"]["labels"]}
    body["spec"] |= spec
    return body


def write(api: Api, body: JsonObject) -> str:
    """Create a record and its status. Returns where it is."""
    api.create(RECORDS, body)
    at = object_path(names.API_VERSION, names.ROLLBACKS, NAMESPACE, body["metadata"]["name"])
    api.merge_patch(at + "/status", {"status": body["status"]})
    return at


def is_worked_on(api: Api, at: str) -> None:
    """A person's word, the receiver's, and what nobody may change."""
    hashes = {"blamedHash": "a", "targetHash": "b"}
    api.merge_patch(at, {"spec": {"approval": {"decision": "approve", **hashes}}})
    api.merge_patch(at + "/status", {"status": {"phase": "Undoing"}})
    found = read_rollback(api.get(at))
    assert found.phase == "Undoing"
    with pytest.raises(ApiError, match="immutable"):
        api.merge_patch(at, {"spec": {"mode": "enabled"}})


def test_records_of_an_earlier_version_are_read_and_worked_on(plane: ControlPlane, api: Api) -> None:
    put_in_force(plane, api, version(without=SINCE_THE_FIRST), has="cleared", keeps=False)
    body = rollback("early")
    for name in SINCE_THE_FIRST:
        body["spec"].pop(name, None)
    at = write(api, body)
    before = read_rollback(api.get(at))

    put_in_force(plane, api, version(), has="cleared", keeps=True)
    assert read_rollback(api.get(at)) == before
    is_worked_on(api, at)
    api.merge_patch(at, {"spec": {"cleared": SAMPLES["cleared"]}})


def test_records_of_a_later_version_are_read_and_worked_on(plane: ControlPlane, api: Api) -> None:
    put_in_force(plane, api, version(added="later"), has="later", keeps=True)
    body = rollback("late", later="something")
    body["status"]["later"] = "something"
    at = write(api, body)
    assert api.get(at)["status"]["later"] == "something"
    with_all = read_rollback(api.get(at))

    put_in_force(plane, api, version(), has="later", keeps=False)
    assert "later" not in api.get(at)["spec"]
    found = read_rollback(api.get(at))
    assert replace(found, spec=with_all.spec, status=with_all.status) == with_all
    is_worked_on(api, at)


def deployment(value: str) -> JsonObject:
    template = {
        "metadata": {"labels": {"app": "shop"}},
        "spec": {"containers": [{"name": "shop", "image": "shop:1.0", "env": [{"name": "VALUE", "value": value}]}]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shop", "namespace": NAMESPACE, "labels": {names.MODE_LABEL: "enabled"}},
        "spec": {"selector": {"matchLabels": {"app": "shop"}}, "template": template},
    }


def deploy(api: Api, value: str) -> float:
    """Write a release. Returns how many seconds it took."""
    began = time.monotonic()
    api.apply(WORKLOAD, deployment(value), field_manager="a-person")
    return time.monotonic() - began


def test_it_is_removed_without_a_rest_and_deploys_go_on(plane: ControlPlane, api: Api) -> None:
    plane.kubectl("apply", "-k", str(MANIFESTS / "admission"))
    write(api, rollback("kept-until-the-end"))
    # Nobody answers behind its Service here: the worst that a broken installation can be.
    assert deploy(api, "1") < WEBHOOK_SECONDS + 2
    annotations = {names.RELEASE_ANNOTATION: "{}", names.COOLDOWN_ANNOTATION: "5m"}
    api.merge_patch(WORKLOAD, {"metadata": {"annotations": annotations}})
    plane.kubectl("delete", "service", "metricops-admission", "-n", names.DEFAULT_NAMESPACE)
    assert deploy(api, "2") < 2

    plane.kubectl("delete", "mutatingwebhookconfiguration", "metricops-admission")
    assert deploy(api, "3") < 2
    timeout = f"--timeout={REMOVAL_SECONDS}s"
    for folder in ("admission", "base"):
        plane.kubectl("delete", "--ignore-not-found", timeout, "-k", str(MANIFESTS / folder))

    shipped = [path_of(item) for item in yaml.safe_load_all((MANIFESTS / "base/rbac.yaml").read_text())]
    left = [
        *shipped,
        path_of(yaml.safe_load(CRD.read_text())),
        object_path("v1", "namespaces", name=names.DEFAULT_NAMESPACE),
    ]
    assert [at for at in left if exists(api, at)] == []
    assert deploy(api, "4") < 2
    metadata = api.get(WORKLOAD)["metadata"]
    assert annotations.items() <= metadata["annotations"].items(), "annotations stay, and nobody reads them"
    assert "finalizers" not in metadata
    plane.kubectl("delete", "namespace", NAMESPACE, timeout)
