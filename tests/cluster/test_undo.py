"""One undo, as the API server shows it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from receiver.cluster.api import Api, ApiError, object_path
from receiver.decision.values import WorkloadRef
from receiver.timestamps import parse_time
from receiver.workloads.deployment import DeploymentKind
from receiver.workloads.kind import UndoRefusedError, WorldMovedError
from sandbox.audit import accepted_undos
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess, alert_for
from tests.cluster.conftest import Cluster
from tests.cluster.workloads import (
    deploy,
    label,
    next_second,
    path,
    phase,
    records,
    version_of,
    wait_for_phase,
    wait_for_rollout,
)

AFTER_UNDO = ("RolledBack", "Recovered")


def test_a_bad_release_is_undone_once(cluster: Cluster, api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    first = deploy(api, namespace, "shop", "one")
    second = deploy(api, namespace, "shop", "two", annotations={"metricops.dev/cooldown": "7m"})
    answer = receiver.decide(alert_for(namespace, "shop"))
    assert (answer["verdict"], answer["reason"]) == ("claimed", "undo")

    record = wait_for_phase(api, namespace, *AFTER_UNDO)
    assert record["metadata"]["name"] == answer["rollback"]
    assert record["spec"]["blamed"]["revision"] == 2
    assert record["spec"]["target"]["revision"] == 1
    status = record["status"]
    assert (
        parse_time(record["spec"]["claimedAt"]) <= parse_time(status["undoneAt"]) <= parse_time(status["rolledBackAt"])
    )
    conditions = {condition["type"]: condition["status"] for condition in status["conditions"]}
    assert conditions == {"Undone": "True", "RolloutComplete": "True", "Recovered": "Unknown"}

    after = api.get(path(namespace, "shop"))
    assert after["spec"]["template"] == first["spec"]["template"]
    assert after["metadata"]["generation"] == second["metadata"]["generation"] + 1
    annotations = after["metadata"]["annotations"]
    assert annotations["kubernetes.io/change-cause"] == "one"
    assert annotations["metricops.dev/cooldown"] == "7m"
    assert annotations["deployment.kubernetes.io/revision"] == "3"
    assert json.loads(annotations["metricops.dev/restored-by"])["rollback"] == answer["rollback"]

    events = cluster.audit_events()
    if events is not None:
        assert len(accepted_undos(events, namespace)) == 1


def test_events_tell_it_on_the_workload(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    receiver.decide(alert_for(namespace, "shop"))
    wait_for_phase(api, namespace, *AFTER_UNDO)

    def told() -> set[str]:
        events = api.get(object_path("events.k8s.io/v1", "events", namespace))["items"]
        return {
            event["reason"]
            for event in events
            if event.get("reportingController") == "metricops.dev/receiver" and event["regarding"]["name"] == "shop"
        }

    wait_until(lambda: {"Undoing", "RolledBack"} <= told(), 20, "Events about the undo")


def test_the_restored_revision_is_not_undone_and_a_condemned_one_is_contested(
    api: Api, namespace: str, start_receiver: Callable[..., ReceiverProcess]
) -> None:
    receiver = start_receiver(cooldown="1s")
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    receiver.decide(alert_for(namespace, "shop"))
    wait_for_phase(api, namespace, *AFTER_UNDO)

    answer = receiver.decide(alert_for(namespace, "shop", name="Another"))
    assert answer["reason"] == "restore"

    deploy(api, namespace, "shop", "two")
    record = wait_for_phase(api, namespace, "Contested")
    assert "a-person" in record["status"]["message"]
    answer = receiver.decide(alert_for(namespace, "shop", name="Another"))
    assert answer["reason"] == "condemned"
    assert "a-person" in answer["detail"]
    assert version_of(api.get(path(namespace, "shop"))) == "two"
    assert "metricops_rollbacks_current" in receiver.metrics()


def test_a_metric_tells_of_a_restored_revision_until_something_is_released(
    api: Api, namespace: str, receiver: ReceiverProcess
) -> None:
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    receiver.decide(alert_for(namespace, "shop"))
    wait_for_phase(api, namespace, *AFTER_UNDO)
    series = f'metricops_workload_restored{{kind="Deployment",name="shop",namespace="{namespace}"'
    wait_until(lambda: series in receiver.metrics(), 20, "the metric is there")
    deploy(api, namespace, "shop", "three")
    wait_until(lambda: series not in receiver.metrics(), 20, "the metric is gone")


def test_cooldown_defers_and_then_undoes(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    cooldown = {"metricops.dev/cooldown": "6s"}
    deploy(api, namespace, "shop", "one", annotations=cooldown)
    deploy(api, namespace, "shop", "two", annotations=cooldown)
    receiver.decide(alert_for(namespace, "shop"))
    first = wait_for_phase(api, namespace, *AFTER_UNDO)
    deploy(api, namespace, "shop", "three", annotations=cooldown)
    answer = receiver.decide(alert_for(namespace, "shop", name="Another"))
    assert (answer["verdict"], answer["reason"]) == ("deferred", "in-cooldown")

    def second() -> dict[str, object]:
        return next(r for r in records(api, namespace) if r["metadata"]["name"] == answer["rollback"])

    wait_until(lambda: phase(second()) in AFTER_UNDO, 60, "the deferred claim was carried out")
    ended = parse_time(second()["status"]["undoneAt"])  # type: ignore[index]
    assert (ended - parse_time(first["status"]["undoneAt"])).total_seconds() >= 6
    assert version_of(api.get(path(namespace, "shop"))) == "one"


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("paused", "mode-paused"), ("disabled", "not-opted-in"), ("on", "invalid-policy"), (None, "not-opted-in")],
)
def test_modes_that_refuse(api: Api, namespace: str, receiver: ReceiverProcess, mode: str | None, reason: str) -> None:
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    label(api, namespace, "shop", mode)
    assert receiver.decide(alert_for(namespace, "shop"))["reason"] == reason
    assert records(api, namespace) == []
    assert version_of(api.get(path(namespace, "shop"))) == "two"


def test_dry_run_records_and_a_later_opt_in_claims_again(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    deploy(api, namespace, "shop", "one")
    deploy(api, namespace, "shop", "two")
    label(api, namespace, "shop", "dry-run")
    assert receiver.decide(alert_for(namespace, "shop"))["reason"] == "dry-run"
    wait_for_phase(api, namespace, "DryRun")
    assert receiver.decide(alert_for(namespace, "shop"))["reason"] == "already-claimed"
    assert version_of(api.get(path(namespace, "shop"))) == "two"
    label(api, namespace, "shop", "enabled")
    assert receiver.decide(alert_for(namespace, "shop"))["reason"] == "undo"
    record = wait_for_phase(api, namespace, *AFTER_UNDO)
    assert record["status"]["attempt"] == 2
    assert version_of(api.get(path(namespace, "shop"))) == "one"


def test_observe_first(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    first = {"metricops.dev/observe-first": "1"}
    deploy(api, namespace, "shop", "one", annotations=first)
    deploy(api, namespace, "shop", "two", annotations=first)
    answer = receiver.decide(alert_for(namespace, "shop"))
    assert (answer["verdict"], answer["reason"]) == ("claimed", "observing")
    record = wait_for_phase(api, namespace, "DryRun")
    assert record["spec"]["mode"] == "dry-run"
    assert "observing, decision 1 of 1" in record["spec"]["message"]
    assert record["status"]["reason"] == "observing"
    assert receiver.decide(alert_for(namespace, "shop"))["reason"] == "already-claimed"
    assert version_of(api.get(path(namespace, "shop"))) == "two"

    deploy(api, namespace, "shop", "three", annotations=first)
    assert receiver.decide(alert_for(namespace, "shop", name="Another"))["reason"] == "undo"
    wait_until(lambda: version_of(api.get(path(namespace, "shop"))) == "two", 30, "the next one is undone")


def test_paused_rollout_and_first_release(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    deploy(api, namespace, "shop", "one")
    assert receiver.decide(alert_for(namespace, "shop"))["reason"] == "no-target"
    deploy(api, namespace, "shop", "two")
    api.merge_patch(path(namespace, "shop"), {"spec": {"paused": True}}, fieldManager="a-person-pauses")
    assert receiver.decide(alert_for(namespace, "shop"))["reason"] == "rollout-paused"
    assert receiver.decide(alert_for(namespace, "nobody"))["reason"] == "workload-not-found"


def test_an_alert_from_before_the_rollout(api: Api, namespace: str, receiver: ReceiverProcess) -> None:
    deploy(api, namespace, "shop", "one")
    early = alert_for(namespace, "shop")
    next_second()  # As exactly as the API server tells when a rollout began.
    deploy(api, namespace, "shop", "two")
    assert receiver.decide(early)["reason"] == "before-rollout"


class TestGuard:
    """The PATCH itself, against the real API server."""

    note = {"rollback": "r", "templateHash": "h", "restoredAt": "2026-03-01T00:00:00Z"}  # noqa: RUF012
    kind = DeploymentKind()

    def test_a_changed_generation_is_422_and_nothing_is_written(self, api: Api, namespace: str) -> None:
        deploy(api, namespace, "shop", "one")
        deploy(api, namespace, "shop", "two")
        seen = self.kind.read(api, WorkloadRef("Deployment", namespace, "shop"), datetime.now(UTC))
        assert seen is not None
        deploy(api, namespace, "shop", "three")
        target = seen.revisions[0]
        with pytest.raises(WorldMovedError, match="422"):
            self.kind.undo(api, seen, target, target.template, self.note)
        assert version_of(api.get(path(namespace, "shop"))) == "three"

    def test_a_recreated_workload_is_another_one(self, api: Api, namespace: str) -> None:
        deploy(api, namespace, "shop", "one")
        deploy(api, namespace, "shop", "two")
        seen = self.kind.read(api, WorkloadRef("Deployment", namespace, "shop"), datetime.now(UTC))
        assert seen is not None
        api.delete(path(namespace, "shop"), propagationPolicy="Foreground")
        target = seen.revisions[0]

        def is_gone() -> bool:
            try:
                api.get(path(namespace, "shop"))
            except ApiError as error:
                return error.status == 404
            return False

        wait_until(is_gone, 60, "the Deployment is gone")
        with pytest.raises(WorldMovedError):
            self.kind.undo(api, seen, target, target.template, self.note)

    def test_status_writes_do_not_disturb_it(self, api: Api, namespace: str) -> None:
        deploy(api, namespace, "shop", "one")
        deploy(api, namespace, "shop", "two")
        seen = self.kind.read(api, WorkloadRef("Deployment", namespace, "shop"), datetime.now(UTC))
        assert seen is not None
        api.merge_patch(path(namespace, "shop"), {"metadata": {"labels": {"somebody": "else"}}})
        api.merge_patch(path(namespace, "shop") + "/status", {"status": {"collisionCount": 1}})
        target = seen.revisions[0]
        self.kind.undo(api, seen, target, target.template, self.note)
        after = api.get(path(namespace, "shop"))
        assert version_of(after) == "one"
        assert after["metadata"]["labels"]["somebody"] == "else"
        wait_for_rollout(api, namespace, "shop")

    def test_an_annotation_that_was_written_meanwhile_is_seen_first(self, api: Api, namespace: str) -> None:
        """A Deployment's generation moves with its annotations as well: they can hold a policy."""
        deploy(api, namespace, "shop", "one")
        deploy(api, namespace, "shop", "two")
        seen = self.kind.read(api, WorkloadRef("Deployment", namespace, "shop"), datetime.now(UTC))
        assert seen is not None
        api.merge_patch(path(namespace, "shop"), {"metadata": {"annotations": {"metricops.dev/cooldown": "1h"}}})
        target = seen.revisions[0]
        with pytest.raises(WorldMovedError, match="422"):
            self.kind.undo(api, seen, target, target.template, self.note)

    @pytest.mark.parametrize("before", [{"metricops.dev/rollback": "enabled"}, {"metricops.dev/rollback": None}])
    def test_an_owners_word_that_was_written_meanwhile_is_heard(
        self, api: Api, namespace: str, before: dict[str, str | None]
    ) -> None:
        """It is a label, which moves no generation, and it may have been missing."""
        deploy(api, namespace, "shop", "one")
        deploy(api, namespace, "shop", "two")
        api.merge_patch(path(namespace, "shop"), {"metadata": {"labels": {"some": "label", **before}}})
        seen = self.kind.read(api, WorkloadRef("Deployment", namespace, "shop"), datetime.now(UTC))
        assert seen is not None
        target = seen.revisions[0]
        api.merge_patch(path(namespace, "shop"), {"metadata": {"labels": {"metricops.dev/rollback": "paused"}}})
        with pytest.raises(WorldMovedError, match="422"):
            self.kind.undo(api, seen, target, target.template, self.note)
        api.merge_patch(path(namespace, "shop"), {"metadata": {"labels": before}})
        self.kind.undo(api, seen, target, target.template, self.note)

    def test_a_template_that_the_server_refuses(self, api: Api, namespace: str) -> None:
        deploy(api, namespace, "shop", "one")
        deploy(api, namespace, "shop", "two")
        seen = self.kind.read(api, WorkloadRef("Deployment", namespace, "shop"), datetime.now(UTC))
        assert seen is not None
        target = seen.revisions[0]
        broken = {**target.template, "spec": {**target.template["spec"], "containers": []}}
        with pytest.raises(UndoRefusedError, match="containers"):
            self.kind.undo(api, seen, target, broken, self.note)
