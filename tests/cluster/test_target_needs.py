"""An undo to a revision that would not find what it ran with is refused, by what the API server shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from receiver.cluster.api import Api, JsonObject, object_path
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for
from sandbox.shipped import BASE
from tests.cluster.workloads import MANAGER, manifest, path, records, wait_for_phase, wait_for_rollout

COMPONENT = BASE.parent / "components/secrets"
PLURALS = {
    "ConfigMap": "configmaps",
    "Secret": "secrets",
    "ServiceAccount": "serviceaccounts",
    "PersistentVolumeClaim": "persistentvolumeclaims",
}


def at(namespace: str, kind: str, name: str) -> str:
    return object_path("v1", PLURALS[kind], namespace, name)


def write(api: Api, namespace: str, kind: str, name: str, manager: str = "ci", **content: Any) -> None:
    body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}, **content}
    api.apply(at(namespace, kind, name), body, field_manager=manager)


def release(
    api: Api, namespace: str, version: str, *, container: JsonObject | None = None, wait: bool = True, **pod: Any
) -> None:
    """A release whose pods use something."""
    body = manifest(namespace, "shop", version, {})
    spec = body["spec"]["template"]["spec"]
    spec |= pod
    spec["containers"][0] |= container or {}
    api.apply(path(namespace, "shop"), body, field_manager=MANAGER)
    if wait:
        wait_for_rollout(api, namespace, "shop")


def config(name: str) -> JsonObject:
    return {"volumes": [{"name": "config", "configMap": {"name": name}}]}


def decided(receiver: ReceiverProcess, namespace: str) -> tuple[str, str]:
    answer = receiver.decide(alert_for(namespace, "shop"))
    return answer["reason"], answer["detail"]


def test_configuration_that_was_written_since(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    write(api, namespace, "ConfigMap", "config", data={"a": "1"})
    release(api, namespace, "one", **config("config"))
    release(api, namespace, "two", **config("config"))
    began = datetime.now(UTC)
    wait_until(lambda: datetime.now(UTC) > began + timedelta(seconds=2), 5, "times of whole seconds differ")
    write(api, namespace, "ConfigMap", "config", "a-person", data={"a": "2"})
    reason, detail = decided(receiver, namespace)
    assert reason == "configuration-changed"
    assert "a-person wrote ConfigMap config at " in detail
    assert records(api, namespace) == []
    assert receiver.forbidden() == []


@pytest.mark.parametrize(
    ("name", "content"), [("config", {}), ("frozen", {"immutable": True}), ("config-5f7m2h4k9t", {})]
)
def test_configuration_that_was_not(
    api: Api, namespace: str, receiver: ReceiverProcess, name: str, content: JsonObject
) -> None:
    """Not written since, immutable and made anew, or named after its content."""
    write(api, namespace, "ConfigMap", name, data={"a": "1"}, **content)
    release(api, namespace, "one", **config(name))
    release(api, namespace, "two", **config(name))
    if name != "config":
        api.delete(at(namespace, "ConfigMap", name))
        write(api, namespace, "ConfigMap", name, data={"a": "1"}, **content)
    assert decided(receiver, namespace)[0] == "undo"
    wait_for_phase(api, namespace, "RolledBack", "Recovered")
    assert receiver.forbidden() == []


def test_a_label_on_the_configuration_is_no_change(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    write(api, namespace, "ConfigMap", "config", data={"a": "1"})
    release(api, namespace, "one", **config("config"))
    release(api, namespace, "two", **config("config"))
    api.merge_patch(at(namespace, "ConfigMap", "config"), {"metadata": {"labels": {"x": "y"}}}, fieldManager="labeller")
    assert decided(receiver, namespace)[0] == "undo"


def test_what_only_the_target_needed_and_is_gone(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    write(api, namespace, "ConfigMap", "old", data={"a": "1"})
    release(api, namespace, "one", **config("old"))
    release(api, namespace, "two")
    api.delete(at(namespace, "ConfigMap", "old"))
    reason, detail = decided(receiver, namespace)
    assert (reason, detail) == ("dependency-gone", "revision 1 needs ConfigMap old: there is none")


def test_a_key_that_is_gone(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    write(api, namespace, "ConfigMap", "config", data={"a": "1", "b": "2"})
    one = {"env": [{"name": "VERSION", "value": "one"}, key_of("config", "a")]}
    release(api, namespace, "one", container=one)
    release(api, namespace, "two")
    write(api, namespace, "ConfigMap", "config", data={"b": "2"})
    reason, detail = decided(receiver, namespace)
    assert (reason, detail) == ("dependency-gone", "revision 1 needs ConfigMap config with a")


def key_of(name: str, key: str) -> JsonObject:
    return {"name": "A", "valueFrom": {"configMapKeyRef": {"name": name, "key": key}}}


def test_an_account_that_is_gone(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    write(api, namespace, "ServiceAccount", "worker")
    release(api, namespace, "one", serviceAccountName="worker")
    release(api, namespace, "two")
    api.delete(at(namespace, "ServiceAccount", "worker"))
    assert decided(receiver, namespace)[1] == "revision 1 needs ServiceAccount worker: there is none"


@pytest.mark.parametrize("is_there", [True, False])
def test_a_claim(api: Api, namespace: str, receiver: ReceiverProcess, is_there: bool) -> None:
    if is_there:
        wanted = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        write(api, namespace, "PersistentVolumeClaim", "data", spec=wanted)
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    release(api, namespace, "one", wait=False, volumes=[volume])
    # The controller has to make a revision of it, no more.
    wait_until(lambda: revisions(api, namespace) == 1, 30, "revision 1 is there")
    release(api, namespace, "two")
    reason, detail = decided(receiver, namespace)
    assert reason == ("undo" if is_there else "dependency-gone")
    assert is_there or detail == "revision 1 needs PersistentVolumeClaim data: there is none"
    assert receiver.forbidden() == []


def revisions(api: Api, namespace: str) -> int:
    return len(api.get(object_path("apps/v1", "replicasets", namespace))["items"])


@pytest.fixture
def with_component(api: Api) -> Iterator[dict[str, str]]:
    """What manifests/components/secrets adds: its rights, and the settings as it has them."""
    component = yaml.safe_load((COMPONENT / "kustomization.yaml").read_text())
    items = list(yaml.safe_load_all((COMPONENT / "rbac.yaml").read_text()))
    assert [patch["target"]["name"] for patch in component["patches"]] == ["metricops-settings"]
    operations = yaml.safe_load(component["patches"][0]["patch"])
    paths = [
        object_path(item["apiVersion"], f"{item['kind'].lower()}s", None, item["metadata"]["name"]) for item in items
    ]
    for where, item in zip(paths, items, strict=True):
        api.apply(where, item, field_manager="tests")
    prefix = "/data/METRICOPS_"
    yield {op["path"].removeprefix(prefix).lower(): op["value"] for op in operations}
    for where in paths:
        api.delete(where)


def secret_gone(api: Api, namespace: str) -> None:
    write(api, namespace, "Secret", "old", stringData={"a": "1"})
    release(api, namespace, "one", volumes=[{"name": "s", "secret": {"secretName": "old"}}])
    release(api, namespace, "two")
    api.delete(at(namespace, "Secret", "old"))


def test_secrets_are_looked_for_only_where_that_is_granted(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    secret_gone(api, namespace)
    assert decided(receiver, namespace)[0] == "undo"
    assert receiver.forbidden() == []


def test_a_secret_that_is_gone(
    api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess], with_component: dict[str, str]
) -> None:
    receiver = start_receiver(**with_component)
    secret_gone(api, namespace)
    assert decided(receiver, namespace) == ("dependency-gone", "revision 1 needs Secret old: there is none")
    assert receiver.forbidden() == []


def test_only_the_metadata_of_a_secret_is_read(api: Api, namespace: str) -> None:
    write(api, namespace, "Secret", "s", stringData={"password": "a"})
    found = api.metadata(at(namespace, "Secret", "s"))
    assert found["kind"] == "PartialObjectMetadata"
    assert "data" not in found
    assert found["metadata"]["name"] == "s"
