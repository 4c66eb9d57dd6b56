"""The three pairs of real Prometheus and Alertmanager find the same pods, and label them the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import urllib3

from receiver.cluster.api import Api, ApiError, JsonObject
from sandbox.cluster import ControlPlane
from sandbox.debian import Pair
from sandbox.monitoring import Monitoring
from sandbox.process import wait_until

NAMESPACE = "labels"
SECONDS = 20.0
SCRAPED = {"prometheus.io/scrape": "true", "prometheus.io/port": "9"}
RULE = "groups: [{name: g, rules: [{record: %s, expr: vector(42)}]}]"


@pytest.fixture(scope="session")
def pods(plane: ControlPlane) -> dict[str, str]:
    """Pods of each kind of owner, all said to be Running; their names by what they are."""
    api = plane.api()
    api.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    account = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/default"
    wait_until(lambda: exists(api, account), SECONDS, "the namespace has its service account")
    selector = {"matchLabels": {"app": "x"}}

    def own(kind: str, name: str, **spec: Any) -> None:
        path = f"/apis/apps/v1/namespaces/{NAMESPACE}/{kind}"
        api.create(path, {"metadata": {"name": name}, "spec": {"selector": selector, "template": template(), **spec}})

    own("deployments", "web-v2-bcdf")
    own("statefulsets", "db", serviceName="db")
    own("replicasets", "by-hand-bcdf", replicas=1)
    api.create(f"/api/v1/namespaces/{NAMESPACE}/pods", {"metadata": {"name": "alone", "annotations": SCRAPED}} | spec())
    unscraped: JsonObject = {"metadata": {"name": "unscraped"}} | spec()
    api.create(f"/api/v1/namespaces/{NAMESPACE}/pods", unscraped)
    pending: JsonObject = {"metadata": {"name": "pending", "annotations": SCRAPED}} | spec()
    api.create(f"/api/v1/namespaces/{NAMESPACE}/pods", pending)
    listed = f"/api/v1/namespaces/{NAMESPACE}/pods"
    wait_until(lambda: len(api.get(listed)["items"]) == 6, SECONDS, "all pods exist")
    found = {}
    for number, pod in enumerate(api.get(listed)["items"], start=2):
        name = pod["metadata"]["name"]
        found[name.rsplit("-", 2)[0] if name.startswith("web") else name.removesuffix("-0")] = name
        phase = "Pending" if name == "pending" else "Running"
        status = {"phase": phase, "podIP": f"127.9.9.{number}", "podIPs": [{"ip": f"127.9.9.{number}"}]}
        api.merge_patch(f"{listed}/{name}/status", {"status": status})
    return found


def template() -> JsonObject:
    return {"metadata": {"labels": {"app": "x"}, "annotations": SCRAPED}} | spec()


def spec() -> JsonObject:
    # Nobody runs these pods: nothing may end or replace them when the API server is asked what they are.
    return {"spec": {"containers": [{"name": "c", "image": "none"}], "automountServiceAccountToken": False}}


def exists(api: Api, path: str) -> bool:
    try:
        api.get(path)
    except ApiError:
        return False
    return True


@pytest.fixture(scope="module", params=get_args(Pair))
def monitoring(request: pytest.FixtureRequest, plane: ControlPlane) -> Iterator[Monitoring]:
    with Monitoring(plane, progress=print, pair=request.param) as monitoring:
        yield monitoring


def targets(monitoring: Monitoring) -> dict[str, JsonObject]:
    found = monitoring.get(monitoring.prometheus_url + "/api/v1/targets", state="active")["data"]["activeTargets"]
    return {target["labels"]["pod"]: target for target in found if target["labels"]["namespace"] == NAMESPACE}


def test_pods_are_found_and_named_after_their_workload(monitoring: Monitoring, pods: dict[str, str]) -> None:
    wait_until(lambda: len(targets(monitoring)) == 4, SECONDS, "Prometheus has the pods that are to be scraped")
    found = targets(monitoring)
    assert "unscraped" not in found
    assert "pending" not in found
    workload = {
        pod: {key: value for key, value in target["labels"].items() if key.endswith(("deployment", "set"))}
        for pod, target in found.items()
    }
    by_hand = next(name for name in pods.values() if name.startswith("by-hand"))
    web = next(name for name in pods.values() if name.startswith("web"))
    assert workload == {
        web: {"deployment": "web-v2-bcdf"},
        "db-0": {"statefulset": "db"},
        by_hand: {},
        "alone": {},
    }
    assert all(target["scrapeUrl"].endswith(":9/metrics") for target in found.values())


def test_its_account_may_find_pods_and_nothing_else(monitoring: Monitoring) -> None:
    kubeconfig = monitoring.folder / "prometheus.kubeconfig"
    assert kubeconfig.exists() == monitoring.binaries.has_kubernetes_sd
    if not kubeconfig.exists():
        return  # It reads a file, and has no account.
    api = Api.connect(str(kubeconfig))
    assert api.get("/api/v1/pods")["items"]
    for path in ("/api/v1/secrets", "/api/v1/configmaps", "/apis/apps/v1/deployments"):
        assert not exists(api, path)


def test_rules_are_in_force_when_they_are_written(monitoring: Monitoring) -> None:
    monitoring.write_rules("first", RULE % "answer")
    assert [rule["query"] for group in monitoring.rules() for rule in group["rules"]] == ["vector(42)"]
    wait_until(lambda: monitoring.value("answer") == 42, SECONDS, "the rule has been evaluated")
    with pytest.raises(RuntimeError, match="parse error"):
        monitoring.write_rules("first", RULE.replace("(42)", "(") % "answer")
    monitoring.reload()
    assert [rule["query"] for group in monitoring.rules() for rule in group["rules"]] == ["vector(42)"]
    monitoring.remove_rules("first")
    assert monitoring.rules() == []


def test_alerts_reach_alertmanager_and_survive_no_restart_of_it(monitoring: Monitoring) -> None:
    monitoring.configure_alertmanager("route: {receiver: people}\nreceivers: [{name: people}]\n")
    status = monitoring.get(monitoring.alertmanager_url + "/api/v2/status")
    assert "receiver: people" in status["config"]["original"]
    with pytest.raises(RuntimeError, match="reload"):
        monitoring.configure_alertmanager("route: {receiver: nobody}\nreceivers: [{name: people}]\n")
    monitoring.reload()
    monitoring.write_rules("alert", "groups: [{name: g, rules: [{alert: Burning, expr: vector(1)}]}]")

    def firing() -> list[str]:
        alerts = monitoring.get(monitoring.alertmanager_url + "/api/v2/alerts")
        return [alert["labels"]["alertname"] for alert in alerts]

    wait_until(lambda: firing() == ["Burning"], SECONDS, "Alertmanager has the alert")
    assert [alert["state"] for alert in monitoring.alerts()] == ["firing"]
    silence(monitoring)
    monitoring.remove_rules("alert")
    wait_until(lambda: monitoring.alerts() == [], SECONDS, "the alert is gone")
    monitoring.restart_alertmanager()
    assert firing() == []
    silences = monitoring.get(monitoring.alertmanager_url + "/api/v2/silences")
    assert [silence["comment"] for silence in silences] == ["hands off"]


def silence(monitoring: Monitoring) -> None:
    """A silence, which Alertmanager writes down when it ends in good order."""
    body = {
        "matchers": [{"name": "alertname", "value": "Other", "isRegex": False, "isEqual": True}],
        "startsAt": "2020-01-01T00:00:00Z",
        "endsAt": "2100-01-01T00:00:00Z",
        "createdBy": "somebody",
        "comment": "hands off",
    }
    answer = urllib3.request(
        "POST",
        monitoring.alertmanager_url + "/api/v2/silences",
        body=json.dumps(body),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status == 200, answer.data


def test_prometheus_keeps_its_series_over_a_restart(monitoring: Monitoring) -> None:
    monitoring.write_rules("kept", RULE % "kept")
    wait_until(lambda: monitoring.value("kept") == 42, SECONDS, "the rule has been evaluated")
    monitoring.remove_rules("kept")
    monitoring.restart_prometheus()
    assert monitoring.value("max_over_time(kept[5m])") == 42


def test_nothing_is_left(plane: ControlPlane, monitoring: Monitoring) -> None:
    with Monitoring(plane, progress=print, binaries=monitoring.binaries) as other:
        folder: Path = other.folder
        assert other.value("vector(1)") == 1
        assert monitoring.prometheus_url != other.prometheus_url
    assert not folder.exists()
    with pytest.raises(urllib3.exceptions.HTTPError):
        other.value("vector(1)")
