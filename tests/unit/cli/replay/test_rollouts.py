"""Rollouts from what kube-state-metrics has recorded, and the workload as it was then."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import promql_parser
import pytest

from cli.replay.grid import Grid
from cli.replay.kube_state import queries, timelines
from cli.replay.replica_sets import by_replica_sets
from cli.replay.timeline import Rollout, Timeline, in_order
from receiver.decision.evidence import Sample
from receiver.decision.values import Interval, WorkloadRef
from receiver.prometheus.promql import Series
from tests.unit.scenario import NOW, REF

STEP = timedelta(minutes=1)
POINTS = 10
GRID = Grid(NOW, STEP, POINTS)
LONG_AGO = -10_000
Numbers = dict[int, float]


def at(minute: float) -> datetime:
    return NOW + minute * STEP


def made(minute: float, until: int = POINTS) -> Numbers:
    first = max(0, int(-(-minute // 1)))
    return {index: at(minute).timestamp() for index in range(first, until)}


def digits(text: str) -> Numbers:
    """Replicas by the minute; a dot is none shown."""
    return {index: float(mark) for index, mark in enumerate(text) if mark != "."}


def told(timeline: Timeline) -> list[tuple[str, float, float]]:
    """Revision, and the interval in minutes."""
    return [
        (r.revision, round((r.began.earliest - NOW) / STEP, 2), round((r.began.latest - NOW) / STEP, 2))
        for r in timeline.rollouts
    ]


def replica_sets(created: Mapping[str, Numbers], replicas: Mapping[str, str]) -> Timeline:
    return by_replica_sets(REF, created, {name: digits(text) for name, text in replicas.items()}, GRID)


def test_a_release_is_a_new_replica_set() -> None:
    timeline = replica_sets({"a": made(LONG_AGO), "b": made(3.5)}, {"a": "2222100000", "b": "....122222"})
    assert told(timeline)[1:] == [("b", 3.5, 3.52)]
    before, after = timeline.workload_at(at(3)), timeline.workload_at(at(9))
    assert before is not None
    assert after is not None
    assert before.current is not None
    assert before.current.name == "a"
    assert after.current is not None
    assert [r.name for r in after.revisions] == ["a", "b"]
    assert (after.current.name, after.current.numbers) == ("b", (2,))
    assert after.rollout_began == Interval(at(3.5), at(3.5) + timedelta(seconds=1))


def test_an_old_replica_set_that_is_taken_up_again_is_a_restore() -> None:
    timeline = replica_sets({"a": made(LONG_AGO), "b": made(1.5)}, {"a": "2210012222", "b": "..12210000"})
    assert told(timeline)[1:] == [("b", 1.5, 1.52), ("a", 4, 5)]
    workload = timeline.workload_at(at(9))
    assert workload is not None
    assert workload.current is not None
    assert workload.current.was_restored
    assert workload.current.numbers == (1, 3)


def test_a_restore_before_the_old_one_was_gone() -> None:
    timeline = replica_sets({"a": made(LONG_AGO), "b": made(1.5)}, {"a": "2221122222", "b": "..11100000"})
    assert told(timeline)[1:] == [("b", 1.5, 1.52), ("a", 1.5, 5)]


def test_a_new_replica_set_that_waits_for_its_first_pod_is_no_restore() -> None:
    timeline = replica_sets({"a": made(LONG_AGO), "b": made(1.5)}, {"a": "2222222000", "b": "..00000222"})
    assert told(timeline)[1:] == [("b", 1.5, 1.52)]


def test_scaled_to_nothing_and_back_is_no_rollout() -> None:
    timeline = replica_sets({"a": made(LONG_AGO)}, {"a": "2200002222"})
    assert [name for name, *_ in told(timeline)] == ["a"]


def test_an_old_one_that_serves_from_the_beginning() -> None:
    timeline = replica_sets({"a": made(LONG_AGO), "b": made(LONG_AGO + 10)}, {"a": "2222222222", "b": "0000000000"})
    assert told(timeline)[-1] == ("a", LONG_AGO + 10, 0)


def test_a_deleted_replica_set_is_no_target() -> None:
    timeline = replica_sets({"a": made(LONG_AGO, until=5), "b": made(1.5)}, {"a": "2200000000", "b": "..22222222"})
    kept, later = timeline.workload_at(at(4)), timeline.workload_at(at(9))
    assert kept is not None
    assert later is not None
    assert [r.name for r in kept.revisions] == ["a", "b"]
    assert [r.name for r in later.revisions] == ["b"]


def test_a_gap_of_all_series_deletes_nothing() -> None:
    timeline = replica_sets({"a": made(LONG_AGO, until=5), "b": made(1.5, until=5)}, {"a": "2200", "b": "..22"})
    later = timeline.workload_at(at(9))
    assert later is not None
    assert [r.name for r in later.revisions] == ["a", "b"]


def test_a_release_that_was_replaced_before_it_was_complete_is_no_target() -> None:
    created = {"a": made(LONG_AGO), "b": made(1.5), "c": made(4.5)}
    timeline = replica_sets(created, {"a": "2221111110", "b": "..11110000", "c": ".....12222"})
    during = timeline.workload_at(at(7))
    assert during is not None
    assert [(r.name, r.never_completed) for r in during.revisions] == [("a", False), ("b", True), ("c", True)]


def test_nothing_is_known_before_the_first_rollout() -> None:
    timeline = replica_sets({"a": made(2)}, {"a": "..22222222"})
    assert timeline.workload_at(at(1)) is None
    assert timeline.began_after(at(1)) == [at(2) + timedelta(seconds=1)]


def test_what_changes_nothing_is_no_rollout() -> None:
    rollouts = [Rollout(Interval(at(n), at(n)), name) for n, name in enumerate("aabba")]
    assert [r.began.latest for r in in_order(reversed(rollouts))] == [at(0), at(2), at(4)]


def series(labels: dict[str, str], values: Mapping[int, float]) -> Series:
    return Series(labels, tuple(Sample(at(index), value) for index, value in values.items()))


def of_stateful_set(**revisions: str) -> Timeline:
    answers = {
        "revision": [
            series({"namespace": "prod", "statefulset": "db", "revision": name}, digits(text))
            for name, text in revisions.items()
        ]
    }
    (timeline,) = timelines("StatefulSet", "prod", ["db"], answers, GRID)
    assert timeline.ref == WorkloadRef("StatefulSet", "prod", "db")
    return timeline


def test_a_stateful_set_by_its_update_revision() -> None:
    # A series that has ended is shown for a while.
    assert told(of_stateful_set(a="11111.....", b="...1111111")) == [("a", 0, 0), ("b", 2, 3)]
    assert told(of_stateful_set(a="111...1111", b="..11111...")) == [("a", 0, 0), ("b", 1, 2), ("a", 5, 6)]
    assert told(of_stateful_set(a="11..11....", b=".......111")) == [("a", 0, 0), ("b", 5, 7)]


def of_daemon_set(generation: str, behind: str) -> list[Timeline]:
    labels = {"namespace": "prod", "daemonset": "agent"}
    answers = {"generation": [series(labels, digits(generation))], "behind": [series(labels, digits(behind))]}
    return timelines("DaemonSet", "prod", ["agent", "other"], answers, GRID)


def test_a_daemon_set_by_generations_that_left_pods_behind() -> None:
    (timeline,) = of_daemon_set("1112223333", "0000000210")
    assert told(timeline) == [("generation 1", 0, 0), ("generation 3", 5, 6)]
    assert "a restore looks like a release" in timeline.source


def test_a_deployment_without_replica_sets_falls_back_to_generations() -> None:
    labels = {"namespace": "prod", "deployment": "shop"}
    answers = {
        "generation": [series(labels, digits("1112222222"))],
        "behind": [series(labels, digits("0001100000"))],
    }
    (timeline,) = timelines("Deployment", "prod", ["shop"], answers, GRID)
    assert told(timeline)[1:] == [("generation 2", 2, 3)]


def test_replica_sets_are_told_apart_by_their_owner() -> None:
    answers = {
        "created": [
            series({"namespace": "prod", "replicaset": f"{name}-1", "owner_name": name}, made(LONG_AGO))
            for name in ("shop", "cart")
        ]
    }
    found = timelines("Deployment", "prod", ["shop", "cart", "nothing"], answers, GRID)
    assert [(one.ref.name, [r.revision for r in one.rollouts]) for one in found] == [
        ("shop", ["shop-1"]),
        ("cart", ["cart-1"]),
    ]


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_names_do_not_leave_their_strings(kind: str) -> None:
    for query in queries(kind, 'a"} or vector(1) #', ['b"', "c.d"]).values():
        selectors: list[promql_parser.VectorSelector] = []

        def visit(node: promql_parser.Expr, found: list[promql_parser.VectorSelector] = selectors) -> None:
            if isinstance(node, promql_parser.VectorSelector):
                found.append(node)

        promql_parser.walk(promql_parser.parse(query), pre_visit=visit)
        assert selectors
        for selector in selectors:
            matchers = {m.name: m.value for m in selector.matchers.matchers}
            assert matchers["namespace"] == 'a"} or vector(1) #'
            assert set(matchers.values()) - {'a"} or vector(1) #', "Deployment", ""} <= {'b"|c\\.d'}
