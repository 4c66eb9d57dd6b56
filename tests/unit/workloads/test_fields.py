"""Sets of fields, as managedFields write them."""

from __future__ import annotations

from typing import Any

import pytest

from receiver.workloads.fields import at, changed, difference, intersection, size, unchanged, union, without

MAIN = 'k:{"name":"main"}'


def env(*names: str) -> dict[str, Any]:
    items: dict[str, Any] = {f'k:{{"name":"{name}"}}': {".": {}, "f:name": {}, "f:value": {}} for name in names}
    return {"f:containers": {MAIN: {".": {}, "f:name": {}, "f:env": {".": {}, **items}}}}


def pod(**values: str) -> dict[str, Any]:
    return {"containers": [{"name": "main", "env": [{"name": n, "value": v} for n, v in values.items()]}]}


def test_a_part_is_seen_from_the_root() -> None:
    fields: dict[str, Any] = {"f:spec": {"f:template": {"f:x": {}}, "f:replicas": {}}, "f:metadata": {}}
    assert at(fields, "spec", "template") == {"f:spec": {"f:template": {"f:x": {}}}}
    assert at(fields, "spec", "selector") == {}
    assert at({}, "spec") == {}


def test_sets() -> None:
    both = union(env("A"), env("B"))
    assert both == env("A", "B")
    assert difference(both, env("B")) == {
        "f:containers": {MAIN: {"f:env": {'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}}}}}
    }
    assert intersection(both, env("B")) == env("B")
    assert difference(both, both) == {}
    assert intersection(env("A"), {"f:volumes": {}}) == {}
    assert size(env("A")) == 6


def test_an_atomic_value_is_owned_as_a_whole() -> None:
    assert difference({"f:command": {"f:x": {}}}, {"f:command": {}}) == {}
    assert intersection({"f:command": {}}, {"f:command": {"f:x": {}}}) == {"f:command": {}}


def test_without_takes_items_away_and_what_is_left_empty() -> None:
    only_b = difference(env("B"), env("A"))
    assert without(pod(A="1", B="2"), only_b) == pod(A="1")
    assert without(pod(B="2"), only_b) == {"containers": [{"name": "main"}]}
    assert without(pod(B="2"), {}) == pod(B="2")
    assert without({"a": {"b": 1}}, {"f:a": {"f:b": {}}}) is None
    assert without({"a": 1}, {"f:b": {}}) == {"a": 1}


def test_the_mere_node_takes_nothing_away() -> None:
    assert without({"env": [1]}, {"f:env": {".": {}}}) == {"env": [1]}


def test_an_item_without_its_name_is_none() -> None:
    value = {"containers": [{"name": "main"}, {"name": "injected", "imagePullPolicy": "Always"}]}
    fields: dict[str, Any] = {"f:containers": {'k:{"name":"injected"}': {".": {}, "f:name": {}}}}
    assert without(value, fields) == {"containers": [{"name": "main"}]}


@pytest.mark.parametrize(("key", "left"), [('v:"b"', ["a", "c"]), ("i:0", ["b", "c"]), ('v:"x"', ["a", "b", "c"])])
def test_items_by_value_and_by_index(key: str, left: list[str]) -> None:
    assert without({"finalizers": ["a", "b", "c"]}, {"f:finalizers": {key: {}}}) == {"finalizers": left}


def test_changed_and_unchanged_leaves() -> None:
    before, after = pod(A="1", B="1", GONE="1"), pod(A="1", B="2", NEW="1")
    owned = env("A", "B", "GONE", "NEW")
    assert unchanged(before, after, env("A")) == env("A")
    found = changed(before, after, owned)["f:containers"][MAIN]["f:env"]
    assert found == {
        ".": {},
        'k:{"name":"B"}': {".": {}, "f:value": {}},
        'k:{"name":"NEW"}': {".": {}, "f:name": {}, "f:value": {}},
    }
    assert changed(before, before, owned) == {}
