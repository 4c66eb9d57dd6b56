"""Pages of rollbacks, workloads and releases: everything once, in order, whatever the limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from receiver.decision.values import Mode, WorkloadRef
from receiver.releases.lists import Lists
from receiver.releases.opted_in import Allowance, Found, Position, Which
from receiver.releases.refusal import RefusedError
from receiver.rollbacks.record import Rollback, read_rollback
from receiver.timestamps import format_time
from tests.unit.cli.record import record
from tests.unit.scenario import NOW, revision, template, workload


def rollback(name: str, minutes: int, *, namespace: str = "prod", kind: str = "Deployment", **changes: Any) -> Rollback:
    base = read_rollback(record("Recovered", mode="enabled"))
    ref = WorkloadRef(kind, namespace, "shop")
    return replace(base, name=name, ref=ref, claimed_at=NOW + timedelta(minutes=minutes), **changes)


RECORDS = [
    rollback("a", 0),
    rollback("b", 5, mode=Mode.DRY_RUN),
    rollback("c", 5, kind="StatefulSet"),
    rollback("d", 5),
    rollback("e", 9, namespace="test"),
]
NEWEST_FIRST = ["e", "d", "c", "b", "a"]


class Store:
    def __init__(self, *, is_known: bool = True) -> None:
        self.is_known = is_known
        self.records = list(RECORDS)

    def all(self) -> list[Rollback]:
        return self.records

    def of_workload(self, ref: WorkloadRef) -> list[Rollback]:
        return [one for one in self.records if one.ref == ref]


class Walk:
    """Stands for the walk: so many workloads of three revisions each; a request for each, and one before."""

    def __init__(self, workloads: int, requests: int) -> None:
        self.workloads, self.requests = workloads, requests

    def walk(self, _which: Which, start: Position | None, allowance: Allowance) -> Iterator[Found | Position]:
        allowance.left = min(allowance.left, self.requests)
        at = start or Position("Deployment")
        if not allowance.take():
            yield at
            return
        for number in range(self.workloads):
            key = f"prod/{number}"
            if key > at.after:
                before, at = at, replace(at, after=key)
                item = {"spec": {"template": template("shop:1")}}
                each = workload(ref=WorkloadRef("Deployment", "prod", str(number)))
                yield Found(each, item, Mode.ENABLED, "", "", before, at)


def history(found: Found) -> Any:
    revisions = [revision(n, created_at=NOW + timedelta(hours=n)) for n in (1, 2, 3)]
    return workload(*revisions, ref=found.workload.ref)


def lists(store: Store | None = None, *, workloads: int = 4, requests: int = 30) -> Lists:
    return Lists(cast(Any, store or Store()), cast(Any, Walk(workloads, requests)), history)


def every_page(read: Any, query: dict[str, Any]) -> list[list[dict[str, Any]]]:
    pages: list[list[dict[str, Any]]] = []
    more: dict[str, Any] = {}
    for _ in range(100):
        page = read({**query, **more})
        pages.append(page["items"])
        if "continue" not in page:
            return pages
        more = {"continue": page["continue"]}
    raise AssertionError("the pages do not end")


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["metadata"]["name"] for item in items]


@pytest.mark.parametrize("limit", range(1, 7))
def test_rollbacks_page_by_page(limit: int) -> None:
    pages = every_page(lists().rollbacks, {"limit": limit})
    assert [name for page in pages for name in names(page)] == NEWEST_FIRST
    assert len(pages) == -(-len(RECORDS) // limit)


def test_a_new_rollback_moves_no_later_page() -> None:
    store = Store()
    first = lists(store).rollbacks({"limit": 2})
    store.records.append(rollback("new", 30))
    assert names(lists(store).rollbacks({"limit": 9, "continue": first["continue"]})["items"]) == NEWEST_FIRST[2:]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"namespace": "test"}, "e"),
        ({"kind": "StatefulSet"}, "c"),
        ({"mode": "dry-run"}, "b"),
        ({"name": "other"}, ""),
        ({"phase": "Recovered"}, "edcba"),
        ({"phase": "Failed"}, ""),
        ({"since": format_time(NOW + timedelta(minutes=5))}, "edcb"),
        ({"until": format_time(NOW + timedelta(minutes=5))}, "a"),
        ({"since": "2026-03-01t12:05:00z", "until": "2026-03-01T14:09:00+02:00"}, "dcb"),
    ],
)
def test_filters_of_rollbacks(query: dict[str, Any], expected: str) -> None:
    assert "".join(names(lists().rollbacks(query)["items"])) == expected


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 12, 13])
@pytest.mark.parametrize("requests", [2, 3, 30])
def test_releases_page_by_page_however_few_requests_a_page_has(limit: int, requests: int) -> None:
    pages = every_page(lists(requests=requests).releases, {"limit": limit})
    found = [(item["workload"]["name"], item["revision"]) for page in pages for item in page]
    assert found == [(str(number), revision) for number in range(4) for revision in (3, 2, 1)]
    assert max(map(len, pages)) <= limit


def test_releases_of_a_time() -> None:
    query = {"since": format_time(NOW + timedelta(hours=1, minutes=1)), "until": format_time(NOW + timedelta(hours=3))}
    found = {item["revision"] for page in every_page(lists().releases, query) for item in page}
    # When the current one began is the workload's own word: before.
    assert found == {2}


@pytest.mark.parametrize("limit", [1, 3, 4, 9])
def test_workloads_page_by_page(limit: int) -> None:
    pages = every_page(lists().workloads, {"limit": limit})
    assert [item["workload"]["name"] for page in pages for item in page] == ["0", "1", "2", "3"]
    assert all(page for page in pages)


@pytest.mark.parametrize("listed", ["rollbacks", "releases", "workloads"])
def test_while_the_records_are_not_known_there_is_no_answer(listed: str) -> None:
    with pytest.raises(RefusedError) as refused:
        getattr(lists(Store(is_known=False)), listed)({})
    assert (refused.value.status, refused.value.retry_after) == (503, 1)
