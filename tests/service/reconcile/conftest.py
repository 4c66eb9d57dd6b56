"""A real control plane with its garbage collector, and the reconciler with the rights of its shipped account."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from receiver.cluster.api import Api, ApiError, JsonObject, object_path
from receiver.workloads.registry import KINDS
from reconcile.rule_object import path_of
from rules.deployer.objects import object_name
from rules.names import RULE_ANNOTATION, RULES_ENABLED, RULES_LABEL
from sandbox.cluster import ControlPlane
from sandbox.process import ManagedProcess, wait_until
from sandbox.rules_reconcile import rules_reconcile_objects, rules_reconcile_token, start_rules_reconcile
from sandbox.shipped import exists
from sandbox.shipped import path_of as shipped_path

SECONDS = 30.0
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(progress=print, scheduler=False) as plane:
        api = plane.api()
        for item in rules_reconcile_objects():
            api.apply(shipped_path(item), item, field_manager="tests")
        wait_until(lambda: exists(api, path_of(None)), SECONDS, "PrometheusRules are served")
        yield plane


@pytest.fixture(scope="session")
def kubeconfig(plane: ControlPlane) -> Path:
    """The shipped service account's."""
    return plane.write_kubeconfig(rules_reconcile_token(plane.api()), plane.folder / "rules-reconcile.kubeconfig")


@pytest.fixture
def api(plane: ControlPlane) -> Api:
    return plane.api()


class Namespace:
    """A namespace of the test's own, with workloads as their owners write them."""

    def __init__(self, api: Api, name: str) -> None:
        self.api, self.name = api, name

    def opt(self, value: str | None) -> None:
        self.api.merge_patch(f"/api/v1/namespaces/{self.name}", {"metadata": {"labels": {RULES_LABEL: value}}})

    def deploy(self, name: str, rule: str | None, *, kind: str = "Deployment", image: str = "shop:1.0") -> JsonObject:
        """Make a workload with this annotation, or change it."""
        annotations = {} if rule is None else {RULE_ANNOTATION: rule}
        labels = {"app": name}
        spec: JsonObject = {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": image}]}},
        }
        if kind == "StatefulSet":
            spec["serviceName"] = name
        item = {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": {"name": name, "annotations": annotations},
            "spec": spec,
        }
        return self.api.apply(self.path(name, kind), item, field_manager="tests")

    def path(self, name: str, kind: str = "Deployment") -> str:
        return object_path("apps/v1", KINDS[kind].plural, self.name, name)

    def rule(self, name: str, kind: str = "deployment") -> JsonObject | None:
        """The PrometheusRule of a workload."""
        try:
            return self.api.get(path_of(self.name, object_name(kind, name)))
        except ApiError as error:
            if error.status != 404:
                raise
            return None

    def expression(self, name: str, kind: str = "deployment") -> str | None:
        """The expression of its first rule."""
        found = self.rule(name, kind)
        return None if found is None else str(found["spec"]["groups"][0]["rules"][0]["expr"])

    def events(self, name: str, reason: str) -> list[str]:
        """What is told on a workload."""
        items = self.api.get(object_path("events.k8s.io/v1", "events", self.name))["items"]
        return [one["note"] for one in items if one["regarding"]["name"] == name and one["reason"] == reason]


@pytest.fixture
def namespace(api: Api) -> Namespace:
    name = f"reconcile-{next(_numbers)}"
    api.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": {RULES_LABEL: RULES_ENABLED}}})
    return Namespace(api, name)


Start = Callable[..., ManagedProcess]


@pytest.fixture
def start(kubeconfig: Path, tmp_path: Path) -> Iterator[Start]:
    """Start the reconciler; whatever is left is ended after the test."""
    started: list[ManagedProcess] = []

    def begin(*options: str) -> ManagedProcess:
        log = tmp_path / f"reconcile-{len(started)}.log"
        started.append(start_rules_reconcile(kubeconfig, log, "--rules-resync", "2s", *options))
        return started[-1]

    yield begin
    for process in started:
        process.stop()
    logs = "".join(process.log.read_text() for process in started)
    assert " cannot " not in logs, "the shipped rights do not suffice"
    assert "Traceback" not in logs, logs


def eventually(condition: Callable[[], bool], what: str) -> None:
    wait_until(condition, SECONDS, what)
