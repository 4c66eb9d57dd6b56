"""What a pass does about the answers of the API server that a real one seldom gives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from receiver.cluster.api import ApiError, JsonObject
from reconcile.metrics import Metrics
from reconcile.plan import View
from reconcile.reconciler import Reconciler
from reconcile.rule_object import RuleObject, read_rule_object
from reconcile.workload import Workload
from reconcile.writing import Outcome
from rules.deployer.confinement import Confinement
from tests.unit.reconcile.test_plan import WEB


class World:
    """The clock, the Events that are told, and a writer whose answers are given."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.told: list[str] = []
        self.written: list[JsonObject] = []
        self.answer: Callable[[JsonObject], tuple[Outcome, JsonObject | None]] = lambda body: (Outcome.DONE, body)
        self.metrics = Metrics()
        self.reconciler = Reconciler(
            self,  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            self.metrics,
            clock=lambda: self.now,
            confinement=Confinement(),
            labels={},
        )

    def create(self, _path: str, body: Any) -> None:
        """An Event."""
        self.told.append(body["reason"])

    def write(
        self, workload: Workload, _present: RuleObject | None, body: Callable[[Workload], JsonObject | None]
    ) -> tuple[Outcome, JsonObject | None]:
        """A write of the workload's object."""
        wanted = body(workload)
        assert wanted is not None
        self.written.append(wanted)
        return self.answer(wanted)

    def remove(self, _present: RuleObject) -> Outcome:
        """A removal."""
        raise ApiError(503, "busy")

    def run(self, *objects: RuleObject, workload: Workload = WEB) -> str | None:
        return self.reconciler.run(View((workload,), objects, frozenset({"shop"})))


def stored(body: JsonObject) -> RuleObject:
    metadata = {**body["metadata"], "namespace": "shop", "uid": "9", "resourceVersion": "1"}
    return read_rule_object({**body, "metadata": metadata})


def test_what_a_webhook_makes_of_it_is_not_written_again() -> None:
    world = World()

    def defaulted(body: JsonObject) -> tuple[Outcome, JsonObject]:
        groups = [{**group, "interval": "30s"} for group in body["spec"]["groups"]]
        return Outcome.DONE, {**body, "spec": {"groups": groups}}

    world.answer = defaulted
    assert world.run() is None
    made = stored(defaulted(world.written[0])[1])
    for _ in range(3):
        assert world.run(made) is None
    assert len(world.written) == 1
    # What somebody else changes is.
    changed = stored({**world.written[0], "spec": {"groups": []}})
    assert world.run(changed) is None
    assert len(world.written) == 2


def test_what_is_refused_is_told_once_and_tried_ever_more_seldom() -> None:
    world = World()

    def refused(_body: JsonObject) -> tuple[Outcome, JsonObject | None]:
        raise ApiError(422, "no such regular expression")

    world.answer = refused
    for _ in range(60):
        assert world.run() is None
        world.now += timedelta(seconds=1)
    assert world.told == ["RuleRefused"]
    assert len(world.written) == 5  # After 0, 2, 6, 14 and 30 seconds.


@pytest.mark.parametrize("error", [ApiError(0, "no answer"), ApiError(503, "busy"), ApiError(429, "later")])
def test_an_outage_is_told_to_nobody_and_tried_soon(error: ApiError) -> None:
    world = World()

    def fails(_body: JsonObject) -> tuple[Outcome, JsonObject | None]:
        raise error

    world.answer = fails
    assert world.run() == str(error)
    assert world.run() == str(error)
    assert world.told == []
    assert len(world.written) == 2


def test_one_that_fails_does_not_hold_up_the_others() -> None:
    world = World()
    other = Workload("Deployment", "shop", "api", "uid-2", WEB.asked)

    def fails_for_web(body: JsonObject) -> tuple[Outcome, JsonObject | None]:
        if body["metadata"]["name"].endswith("-web"):
            raise ApiError(503, "busy")
        return Outcome.DONE, body

    world.answer = fails_for_web
    assert world.reconciler.run(View((WEB, other), (), frozenset({"shop"}))) is not None
    assert world.told == ["RuleWritten"]


def test_a_write_that_meets_another_is_looked_at_again() -> None:
    world = World()
    world.answer = lambda _: (Outcome.MOVED, None)
    assert world.run() == "a write met another one"
    assert world.told == []


def test_a_name_that_is_taken() -> None:
    world = World()
    world.answer = lambda _: (Outcome.NAME_TAKEN, None)
    assert world.run() is None
    assert world.run() is None
    assert world.told == ["RuleNameTaken"]
    assert len(world.written) == 1


def test_a_removal_that_fails_is_tried_again() -> None:
    world = World()
    world.run()
    quiet = Workload(WEB.kind, WEB.namespace, WEB.name, WEB.uid)
    assert "busy" in (world.run(stored(world.written[0]), workload=quiet) or "")


def test_the_metrics_show_what_was_seen() -> None:
    world = World()
    world.run()
    sample = world.metrics.registry.get_sample_value
    assert sample("metricops_rule_workloads", {"state": "valid"}) == 1
    assert sample("metricops_rule_object_writes_total", {"action": "write"}) == 1
    wrong = Workload(WEB.kind, WEB.namespace, WEB.name, WEB.uid, (("metricops.dev/rule", "up >"),))
    world.run(workload=wrong)
    assert sample("metricops_rule_workloads", {"state": "valid"}) == 0
    assert sample("metricops_rule_workloads", {"state": "invalid"}) == 1
    assert world.told == ["RuleWritten", "InvalidRule"]
