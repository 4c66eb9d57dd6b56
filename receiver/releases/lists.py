"""The three lists of the releases API: a page of each, for a query that conforms to its schema."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from receiver.decision.values import Interval
from receiver.intake.conformity import Conformity, Problem
from receiver.releases.cursor import Place, as_token, read_token
from receiver.releases.opted_in import PLACE, Allowance, Found, OptedIn, Position, Which
from receiver.releases.refusal import RefusedError
from receiver.releases.schemas import DEFAULT_ITEMS
from receiver.releases.views import Json, record_json, releases_of, workload_json
from receiver.rollbacks.record import Rollback
from receiver.rollbacks.store import RollbackStore
from receiver.timestamps import format_time, parse_time

Query = dict[str, Any]
Page = Json

SECONDS_UNTIL_KNOWN = 1
RECORDS_PLACE = Conformity(
    {
        "type": "object",
        "properties": {"claimed": {"type": "string", "format": "date-time"}, "name": {"type": "string"}},
        "required": ["claimed", "name"],
        "additionalProperties": False,
    }
)


class Lists:
    """Pages of what was released, what was undone, and what has opted in.

    Rollbacks are known from their watch; workloads and releases cost at most `MOST_REQUESTS` requests a page.
    """

    def __init__(self, store: RollbackStore, opted_in: OptedIn, history: Callable[[Found], Any]) -> None:
        """`history` reads a found workload with its revisions."""
        self._store = store
        self._opted_in = opted_in
        self._history = history

    def rollbacks(self, query: Query) -> Page:
        """The newest first. Raises `RefusedError`."""
        place = read_token(query, RECORDS_PLACE)
        self._check_known()
        after = (parse_time(place["claimed"]), place["name"]) if place else None
        which, span = Which.of(query), _Span(query)

        def is_asked(record: Rollback) -> bool:
            moment = Interval(record.claimed_at, record.claimed_at)
            return (
                which.namespace in ("", record.ref.namespace)
                and which.kind in ("", record.ref.kind)
                and which.name in ("", record.ref.name)
                and which.mode in ("", record.mode)
                and query.get("phase", record.phase) == record.phase
                and span.holds(moment)
                and (after is None or _record_key(record) < after)
            )

        limit = query.get("limit", DEFAULT_ITEMS)
        found = heapq.nlargest(limit + 1, filter(is_asked, self._store.all()), key=_record_key)
        page: Page = {"items": [record_json(record) for record in found[:limit]]}
        if len(found) > limit:
            claimed, name = _record_key(found[limit - 1])
            page["continue"] = as_token({"claimed": format_time(claimed), "name": name}, query)
        return page

    def workloads(self, query: Query) -> Page:
        """By kind, then by name. Raises `RefusedError`, `ApiError`."""
        return self._page(query, self._each_workload)

    def releases(self, query: Query) -> Page:
        """By workload; of each the newest first. Raises `RefusedError`, `ApiError`."""
        return self._page(query, self._each_release)

    def _page(self, query: Query, each: Callable[[Query, Place | None], Iterator[tuple[Json | None, Place]]]) -> Page:
        """Take items until the page is full, or a position comes alone: the page would cost too much."""
        self._check_known()
        items: list[Json] = []
        last: Place = {}
        more: Place | None = None
        for item, place in each(query, read_token(query, PLACE)):
            if item is None or len(items) == query.get("limit", DEFAULT_ITEMS):
                more = place if item is None else last
                break
            items.append(item)
            last = place
        return {"items": items, **({"continue": as_token(more, query)} if more is not None else {})}

    def _each_workload(self, query: Query, place: Place | None) -> Iterator[tuple[Json | None, Place]]:
        for found in self._opted_in.walk(Which.of(query), _position(place), Allowance()):
            if isinstance(found, Position):
                yield None, found.place()
                return
            records = self._store.of_workload(found.workload.ref)
            yield workload_json(found, records), found.after.place()

    def _each_release(self, query: Query, place: Place | None) -> Iterator[tuple[Json | None, Place]]:
        allowance, span = Allowance(), _Span(query)
        within, below = (place.get("within", ""), place.get("below", 0)) if place else ("", 0)
        for found in self._opted_in.walk(Which.of(query), _position(place), allowance):
            if isinstance(found, Position):
                yield None, found.place()
                return
            if not allowance.take():
                yield None, found.before.place(within=within, below=below) if within else found.before.place()
                return
            key = found.after.after
            workload = self._history(found)
            for revision, began, shown in releases_of(workload, self._store.of_workload(workload.ref)):
                if (key == within and revision.number >= below) or not span.holds(began):
                    continue
                yield shown, found.before.place(within=key, below=revision.number)

    def _check_known(self) -> None:
        if not self._store.is_known:
            problem = Problem("rollbacks", "a watch that is not open just now", "an API server that answers")
            raise RefusedError(503, [problem], retry_after=SECONDS_UNTIL_KNOWN)


class _Span:
    """The moments that a query asks for: not before `since`, before `until`."""

    def __init__(self, query: Query) -> None:
        self._since = _moment(query, "since")
        self._until = _moment(query, "until")

    def holds(self, moment: Interval) -> bool:
        """Whether it may lie there."""
        not_before = self._since is None or moment.latest >= self._since
        return not_before and (self._until is None or moment.earliest < self._until)


def _moment(query: Query, name: str) -> datetime | None:
    return parse_time(query[name].upper()) if name in query else None


def _record_key(record: Rollback) -> tuple[datetime, str]:
    return record.claimed_at, f"{record.ref.namespace}/{record.name}"


def _position(place: Place | None) -> Position | None:
    return Position(**{key: place[key] for key in ("kind", "namespace", "chunk", "after")}) if place else None
