"""Sets of fields as managedFields write them (`fieldsV1`), and what they mean for an object.

The format is Kubernetes' structured-merge-diff: a tree whose keys are `f:<field name>`, `k:<list item's keys as JSON>`,
`v:<set item as JSON>`, `i:<index>`, and `.` for the node itself. An empty node is an owned leaf.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Fields = dict[str, Any]

_GONE: Any = object()


def at(fields: Mapping[str, Any], *path: str) -> Fields:
    """The part of the set under field names, still seen from the root; empty where nothing there is owned."""
    node: Any = fields
    for name in path:
        node = node.get(f"f:{name}") if isinstance(node, Mapping) else None
        if node is None:
            return {}
    for name in reversed(path):
        node = {f"f:{name}": node}
    return dict(node)


def union(*sets: Mapping[str, Any]) -> Fields:
    """What any of the sets owns."""
    result: Fields = {}
    for fields in sets:
        for key, below in fields.items():
            result[key] = union(result.get(key, {}), below)
    return result


def difference(fields: Mapping[str, Any], other: Mapping[str, Any]) -> Fields:
    """What `fields` owns and `other` does not."""
    return _compare(fields, other, keep_common=False)


def intersection(fields: Mapping[str, Any], other: Mapping[str, Any]) -> Fields:
    """What both own."""
    return _compare(fields, other, keep_common=True)


def _compare(fields: Mapping[str, Any], other: Mapping[str, Any], *, keep_common: bool) -> Fields:
    result: Fields = {}
    for key, below in fields.items():
        if key not in other:
            if not keep_common:
                result[key] = below
        elif not below or not other[key]:
            # A leaf on either side: an atomic value is owned as a whole.
            if keep_common:
                result[key] = below
        elif deeper := _compare(below, other[key], keep_common=keep_common):
            result[key] = deeper
    return result


def size(fields: Mapping[str, Any]) -> int:
    """How many leaves the set has."""
    return sum(size(below) if below else 1 for below in fields.values())


def without(value: Any, fields: Mapping[str, Any]) -> Any:
    """`value` (JSON) less the leaves that the set owns; what becomes empty or nameless by that goes as well.

    None where all goes."""
    left = _without(value, fields) if fields else value
    return None if left is _GONE else left


def _without(value: Any, fields: Mapping[str, Any]) -> Any:
    if not fields:
        return _GONE
    children = {key: below for key, below in fields.items() if key != "."}
    if not children:
        return value  # The node alone is owned, nothing in it.
    if isinstance(value, dict):
        left: Any = {}
        for name, item in value.items():
            below = children.get(f"f:{name}")
            kept = item if below is None else _without(item, below)
            if kept is not _GONE:
                left[name] = kept
    elif isinstance(value, list):
        owned = {index: (key, below) for key, below in children.items() for index in _indexes(value, key)}
        kept_items = (
            _item_without(item, *owned[index]) if index in owned else item for index, item in enumerate(value)
        )
        left = [item for item in kept_items if item is not _GONE]
    else:
        return _GONE
    return left if left else _GONE


def _item_without(item: Any, key: str, fields: Mapping[str, Any]) -> Any:
    left = _without(item, fields)
    if key.startswith("k:") and isinstance(left, dict) and not json.loads(key[2:]).keys() <= left.keys():
        return _GONE  # Without the keys that name it, the rest, such as its defaults, is no item.
    return left


def changed(before: Any, after: Any, fields: Mapping[str, Any]) -> Fields:
    """The leaves of the set that `after` has with another value than `before`, or that `before` has not at all."""
    return _select(fields, before, after, lambda old, new: new is not _GONE and old != new)


def unchanged(before: Any, after: Any, fields: Mapping[str, Any]) -> Fields:
    """The leaves of the set that both values have, and alike."""
    return _select(fields, before, after, lambda old, new: new is not _GONE and old == new)


def _select(fields: Mapping[str, Any], before: Any, after: Any, wanted: Callable[[Any, Any], bool]) -> Fields:
    result: Fields = {}
    for key, below in fields.items():
        if key == ".":
            continue
        old, new = _child(before, key), _child(after, key)
        if not below:
            if wanted(old, new):
                result[key] = below
        elif deeper := _select(below, old, new, wanted):
            result[key] = {".": {}, **deeper} if "." in below else deeper
    return result


def _child(value: Any, key: str) -> Any:
    if isinstance(value, dict) and key.startswith("f:"):
        return value.get(key[2:], _GONE)
    if isinstance(value, list):
        return next((value[index] for index in _indexes(value, key)), _GONE)
    return _GONE


def _indexes(items: list[Any], key: str) -> Iterator[int]:
    """Where in a list the items are that a `k:`, `v:` or `i:` key names."""
    kind, _, text = key.partition(":")
    if kind not in ("k", "v", "i"):
        return
    named = json.loads(text)
    for index, item in enumerate(items):
        if (
            (kind == "i" and index == named)
            or (kind == "v" and item == named)
            or (kind == "k" and isinstance(item, dict) and _matches(item, named))
        ):
            yield index


def _matches(item: Mapping[str, Any], named: Mapping[str, Any]) -> bool:
    return all(item.get(name) == value for name, value in named.items())
