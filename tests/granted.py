"""What roles grant, right by right."""

from __future__ import annotations

from collections.abc import Iterable

from receiver.cluster.api import JsonObject


def granted(items: Iterable[JsonObject]) -> set[tuple[str, str, str, str]]:
    """Verb, group, resource, and the object's name where only that one is meant; objects without rules say nothing."""
    return {
        (verb, group, resource, name)
        for item in items
        for rule in item.get("rules") or []
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames") or [""]
    }
