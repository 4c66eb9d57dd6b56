"""The walk over opted-in workloads: which lists are read, and where it goes on."""

from __future__ import annotations

from typing import Any

import pytest

from receiver.cluster.api import ApiError, JsonObject
from receiver.decision.values import Defaults, NamespaceFacts
from receiver.releases.opted_in import CHUNK, Allowance, Found, OptedIn, Position, Which
from receiver.releases.refusal import RefusedError
from tests.unit.scenario import NOW, template

LABEL = "metricops.dev/rollback"


class Cluster:
    """A stand-in for lists alone: of each kind so many workloads, served in chunks of two; it notes what is asked."""

    def __init__(self, items: list[tuple[str, str, str | None]], labels: dict[str, str]) -> None:
        self.items = sorted(items, key=lambda item: f"{item[0]}/{item[1]}")
        self.labels = labels
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.refusing: int | None = None

    def get(self, path: str, **query: str) -> JsonObject:
        self.asked.append((path, query))
        if self.refusing and "continue" in query:
            raise ApiError(self.refusing, "too old")
        namespace = path.split("/")[5] if "namespaces" in path else ""
        found = [
            (where, name, mode)
            for where, name, mode in (self.items if path.endswith("deployments") else [])
            if namespace in ("", where)
            and {LABEL: mode is not None, f"!{LABEL}": mode is None, "": True}[query.get("labelSelector", "")]
            and query.get("fieldSelector", f"metadata.name={name}") == f"metadata.name={name}"
        ]
        begin = int(query.get("continue", "0"))
        more = {"continue": str(begin + 2)} if begin + 2 < len(found) else {}
        return {"metadata": more, "items": [self._item(*each) for each in found[begin : begin + 2]]}

    def namespace(self, name: str) -> NamespaceFacts:
        return NamespaceFacts({LABEL: self.labels[name]} if name in self.labels else {}, {})

    @staticmethod
    def _item(namespace: str, name: str, mode: str | None) -> JsonObject:
        return {
            "metadata": {
                "namespace": namespace,
                "name": name,
                "uid": "u",
                "generation": 1,
                "labels": {LABEL: mode} if mode else {},
            },
            "spec": {"selector": {}, "template": template("shop:1")},
        }


ITEMS = [
    ("a", "one", "enabled"),
    ("a", "two", None),
    ("a-b", "one", "dry-run"),
    ("b", "one", None),
    ("b", "three", "paused"),
    ("b", "two", None),
    ("c", "one", None),
    ("c", "two", "disabled"),
    ("d", "one", "nonsense"),
    ("d", "two", "enabled"),
]
LISTED = ["a-b/one", "a/one", "b/three", "d/one", "d/two", "b/one", "b/two"]


def make(**options: Any) -> tuple[Cluster, OptedIn]:
    cluster = Cluster(ITEMS, {"b": "enabled"})
    opted_in = OptedIn(
        cluster,  # type: ignore[arg-type]
        Defaults(),
        read_namespace=cluster.namespace,
        opted_in_namespaces=lambda: ["b"],
        clock=lambda: NOW,
        **options,
    )
    return cluster, opted_in


def told(found: Any) -> str:
    return f"{found.workload.ref.namespace}/{found.workload.ref.name}" if isinstance(found, Found) else "more"


def test_the_labelled_ones_and_those_of_opted_in_namespaces() -> None:
    cluster, opted_in = make()
    assert [told(found) for found in opted_in.walk(Which(), None, Allowance(100))] == LISTED
    root = "/apis/apps/v1"
    assert {path for path, _ in cluster.asked} >= {f"{root}/deployments", f"{root}/namespaces/b/deployments"}
    assert all(query["limit"] == str(CHUNK) for _, query in cluster.asked)
    assert not any("/namespaces/a/" in path for path, _ in cluster.asked)


def test_an_unreadable_label_is_told_and_counts_as_disabled() -> None:
    _, opted_in = make()
    (found,) = (f for f in opted_in.walk(Which(namespace="d", name="one"), None, Allowance()) if isinstance(f, Found))
    assert (found.mode, "nonsense" in found.problem) == ("disabled", True)


@pytest.mark.parametrize("requests", range(1, 9))
def test_however_few_requests_a_page_has_everything_comes_once(requests: int) -> None:
    _cluster, opted_in = make()
    seen: list[str] = []
    start: Position | None = None
    for _ in range(50):
        last = None
        for last in opted_in.walk(Which(), start, Allowance(requests)):
            if isinstance(last, Found):
                seen.append(told(last))
        if not isinstance(last, Position):
            break
        start = last
    assert seen == LISTED


@pytest.mark.parametrize("at", range(len(LISTED)))
def test_it_goes_on_after_each_workload(at: int) -> None:
    _cluster, opted_in = make()
    found = [f for f in opted_in.walk(Which(), None, Allowance(100)) if isinstance(f, Found)]
    assert [told(f) for f in opted_in.walk(Which(), found[at].after, Allowance(100))] == LISTED[at + 1 :]
    assert [told(f) for f in opted_in.walk(Which(), found[at].before, Allowance(100))] == LISTED[at:]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (Which(namespace="a"), ["a/one"]),
        (Which(namespace="b"), ["b/one", "b/three", "b/two"]),
        (Which(namespace="nowhere"), []),
        (Which(name="one"), ["a-b/one", "a/one", "d/one", "b/one"]),
        (Which(mode="dry-run"), ["a-b/one"]),
        (Which(kind="StatefulSet"), []),
    ],
)
def test_filters(which: Which, expected: list[str]) -> None:
    _cluster, opted_in = make()
    assert [told(found) for found in opted_in.walk(which, None, Allowance(100))] == expected


def test_a_namespace_that_opted_out_meanwhile_is_passed_by() -> None:
    _, opted_in = make()
    gone = Position("Deployment", "a-namespace", "", "a-namespace/x")
    assert [told(found) for found in opted_in.walk(Which(), gone, Allowance(100))] == ["b/one", "b/two"]


def test_the_one_watched_namespace() -> None:
    cluster, opted_in = make(watched="a")
    assert [told(found) for found in opted_in.walk(Which(), None, Allowance())] == ["a/one"]
    assert all("/namespaces/a/" in path for path, _ in cluster.asked)
    with pytest.raises(RefusedError, match="the only one watched"):
        list(opted_in.walk(Which(namespace="b"), None, Allowance()))


@pytest.mark.parametrize("status", [400, 410])
def test_a_position_that_the_api_server_takes_no_more(status: int) -> None:
    cluster, opted_in = make()
    cluster.refusing = status
    with pytest.raises(RefusedError) as refused:
        list(opted_in.walk(Which(), Position("Deployment", "", "2"), Allowance()))
    assert (refused.value.status, refused.value.problems[0].field) == (status, "continue")
