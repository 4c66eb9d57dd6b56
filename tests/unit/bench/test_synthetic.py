"""The objectives and requests that the cost of rules is measured with."""

from __future__ import annotations

from bench.rules.synthetic import Requests, objectives, recorded_past
from rules.parse import parse
from rules.specification import WorkloadTarget


def test_each_objective_names_its_workload() -> None:
    found = parse(objectives(3).encode(), "slos.yml")
    assert [one.subject for one in found] == [WorkloadTarget("shop", "deployment", f"app{n}") for n in range(3)]


def test_every_tenth_service_fails_and_counters_grow_evenly() -> None:
    requests = Requests(11, began=1000)
    assert requests.burning == {"app0", "app10"}
    lines = [line.split() for line in requests.past(until=1120, step=60)]
    assert len(lines) == 11 * 2 * 2 * 3
    of_one = [line[1:] for line in lines if 'deployment="app0",pod="b",code="500"' in line[0]]
    assert of_one == [["0", "1000"], ["600", "1060"], ["1200", "1120"]]


def test_only_recordings_over_the_shortest_window_have_a_past() -> None:
    rules = [
        {"record": "x:rate5m", "expr": "1", "labels": {"a": "b"}},
        {"record": "x:rate1h", "expr": "1", "labels": {}},
        {"alert": "A", "expr": "1", "labels": {}},
    ]
    assert list(recorded_past([{"name": "g", "rules": rules}], 0, 60, 60)) == [
        'x:rate5m{a="b"} 1 0\n',
        'x:rate5m{a="b"} 1 60\n',
    ]
