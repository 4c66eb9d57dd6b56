"""What a watched collection knows after events, writes of ours, and lists, in whatever order they come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from receiver.cluster.api import Api, ApiError, JsonObject
from receiver.cluster.watched import Watched


def item(name: str, version: int, colour: str = "red") -> JsonObject:
    return {"metadata": {"namespace": "prod", "name": name, "resourceVersion": str(version)}, "colour": colour}


def bookmark(version: int) -> dict[str, Any]:
    return {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(version)}}}


class Scripted:
    """An API server that answers with these lists, and with these watches, one after the other."""

    def __init__(self, lists: list[list[JsonObject]], watches: list[list[dict[str, Any]]]) -> None:
        self._lists, self._watches = lists, watches
        self.watched_from: list[str] = []

    def get(self, _path: str, **_query: str) -> JsonObject:
        items = self._lists.pop(0)
        version = max((int(found["metadata"]["resourceVersion"]) for found in items), default=1)
        return {"metadata": {"resourceVersion": str(version)}, "items": items}

    def watch(self, _path: str, *, timeout_seconds: int, resourceVersion: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        assert timeout_seconds > 0
        self.watched_from.append(resourceVersion)
        yield from self._watches.pop(0)


def watching(
    lists: list[list[JsonObject]], events: list[dict[str, Any]] | None = None, **options: Any
) -> tuple[Watched[str], Scripted]:
    api = Scripted(lists, [events or []])
    read = cast(Any, lambda found: None if found["colour"] == "none" else f"{found['colour']}")
    return Watched[str](cast(Api, api), "/things", read, **options), api


def test_a_list_is_taken_over_and_what_is_gone_is_forgotten() -> None:
    watched, _ = watching([[item("a", 3), item("b", 4, "blue")], [item("b", 6, "green")]])
    watched.relist()
    assert (watched.get("prod", "a"), watched.get("prod", "b")) == ("red", "blue")
    assert watched.get("test", "a") is None
    watched.relist()
    assert watched.all() == ["green"]


def test_events_change_what_is_known() -> None:
    events = [
        {"type": "MODIFIED", "object": item("a", 5, "blue")},
        {"type": "ADDED", "object": item("b", 6)},
        {"type": "DELETED", "object": item("b", 7)},
        bookmark(9),
    ]
    watched, api = watching([[item("a", 3)]], events)
    assert watched._watch(watched.relist()) == "9"
    assert watched.all() == ["blue"]
    assert api.watched_from == ["3"]


def test_a_write_of_ours_is_known_at_once_and_no_news_when_the_watch_shows_it() -> None:
    news: list[str] = []
    events = [
        {"type": "ADDED", "object": item("a", 5, "ours")},
        {"type": "MODIFIED", "object": item("a", 6, "theirs")},
    ]
    watched, _ = watching([[]], events, on_change=news.append)
    version = watched.relist()
    watched.put(item("a", 5, "ours"))
    assert watched.get("prod", "a") == "ours"
    watched._watch(version)
    assert news == ["theirs"]


def test_an_older_version_does_not_win() -> None:
    watched, _ = watching([[item("a", 3)]], [{"type": "MODIFIED", "object": item("a", 7, "new")}])
    watched._watch(watched.relist())
    watched.put(item("a", 5, "old"))
    assert watched.get("prod", "a") == "new"


def test_what_was_deleted_since_does_not_come_back_by_the_answer_to_its_creation() -> None:
    events = [{"type": "ADDED", "object": item("a", 5)}, {"type": "DELETED", "object": item("a", 6)}]
    watched, _ = watching([[]], events)
    watched._watch(watched.relist())
    watched.put(item("a", 5))
    assert watched.all() == []
    watched.put(item("a", 8))
    assert watched.all() == ["red"]


def test_a_list_does_not_forget_a_write_that_is_newer_than_it() -> None:
    watched, _ = watching([[item("a", 3)], [item("a", 3)]])
    watched.relist()
    watched.put(item("b", 4))
    watched.relist()
    assert watched.get("prod", "b") == "red"


def test_groups_follow_the_values() -> None:
    watched, _ = watching([[item("a", 3), item("b", 4), item("c", 5, "blue")]], group=lambda colour: colour)
    watched.relist()
    assert watched.of_group("red") == ["red", "red"]
    watched.put(item("a", 8, "blue"))
    assert (watched.of_group("red"), watched.of_group("blue")) == (["red"], ["blue", "blue"])
    assert watched.of_group("green") == []


def test_what_cannot_be_read_is_left_out_until_it_can() -> None:
    watched, _ = watching([[item("a", 3, "none"), item("b", 4)]])
    watched.relist()
    assert watched.all() == ["red"]
    watched.put(item("a", 5))
    assert watched.get("prod", "a") == "red"


def test_it_is_current_only_while_it_is_watched() -> None:
    states: list[bool] = []

    class Ending(Scripted):
        def watch(self, _path: str, *, timeout_seconds: int, resourceVersion: str) -> Iterator[dict[str, Any]]:  # noqa: N803
            states.append(watched.is_current)
            watched.stop()
            raise ApiError(410, "too old")
            yield {}

    api = Ending([[item("a", 3)]], [])
    watched = Watched[str](cast(Api, api), "/things", lambda found: str(found["colour"]), on_state=states.append)
    assert not watched.is_current
    watched._run()
    assert states == [True, True, False]
    assert not watched.is_current
    with pytest.raises(IndexError):
        watched.relist()


def test_what_is_gone_is_told_whether_a_watch_or_a_list_shows_it() -> None:
    gone: list[tuple[str, str]] = []
    events = [{"type": "DELETED", "object": item("a", 7)}]
    watched, _ = watching([[item("a", 3), item("b", 4)], [item("c", 9)]], events, on_gone=gone.append)
    watched._watch(watched.relist())
    assert gone == [("prod", "a")]
    watched.relist()
    assert gone == [("prod", "a"), ("prod", "b")]
