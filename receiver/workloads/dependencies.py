"""Read what a template uses of its namespace: is it there, and when was it last changed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from receiver.cluster.api import Api, ApiError, JsonObject, may_be_name, object_path
from receiver.decision.references import Dependencies, Finding, NeededKind, Reference, references
from receiver.decision.templates import Template
from receiver.timestamps import parse_time

PLURALS = {
    NeededKind.CONFIG_MAP: "configmaps",
    NeededKind.SECRET: "secrets",
    NeededKind.VOLUME_CLAIM: "persistentvolumeclaims",
    NeededKind.SERVICE_ACCOUNT: "serviceaccounts",
}
MOST_READ = 64
"""So many objects of one template are looked at."""

GENERATED_NAME = re.compile(r".*-[bcdfghkmt2456789]{10}")
"""kustomize's names of generated ConfigMaps: the end is a hash of the content, so other content has another name."""


def read_dependencies(
    api: Api, namespace: str, template: Template, template_hash: str, *, secrets: bool
) -> Dependencies:
    """What is found of everything that the template uses: one request per object, none where it uses nothing.

    Secrets are looked at only where `secrets` says that there is a right to, and only their metadata. What is forbidden
    is unknown. Raises `ApiError` where the API server does not do its part.
    """
    found: list[Finding] = []
    objects: dict[tuple[NeededKind, str], JsonObject | bool | None] = {}
    for reference in references(template):
        key = (reference.kind, reference.name)
        if key not in objects:
            may_read = (reference.kind is not NeededKind.SECRET or secrets) and len(objects) < MOST_READ
            objects[key] = _read(api, namespace, *key) if may_read else None
        found.append(finding(reference, objects[key]))
    return Dependencies(template_hash, tuple(found))


def _read(api: Api, namespace: str, kind: NeededKind, name: str) -> JsonObject | bool | None:
    """The object, False where it does not exist, None where that is not known."""
    if not may_be_name(name):
        return False
    path = object_path("v1", PLURALS[kind], namespace, name)
    try:
        return api.metadata(path) if kind is NeededKind.SECRET else api.get(path)
    except ApiError as error:
        if error.status == 404:
            return False
        if error.status == 403:
            return None
        raise


def finding(reference: Reference, item: JsonObject | bool | None) -> Finding:
    """What an object says about a reference to it; False for none, None where it is not known."""
    if not isinstance(item, dict):
        return Finding(reference, item)
    if reference.kind is NeededKind.VOLUME_CLAIM and item["metadata"].get("deletionTimestamp"):
        return Finding(reference, False)  # No new pod may use a claim that is on its way out.
    if reference.kind is not NeededKind.CONFIG_MAP:
        return Finding(reference, True)
    there = {**(item.get("data") or {}), **(item.get("binaryData") or {})}
    missing = tuple(sorted((reference.keys or frozenset()).difference(there)))
    if item.get("immutable") or GENERATED_NAME.fullmatch(reference.name):
        return Finding(reference, True, missing)
    changed_at, changed_by = max(_changes(item, reference), default=(None, ""))
    return Finding(reference, True, missing, changed_at, changed_by)


def _changes(item: JsonObject, reference: Reference) -> Iterator[tuple[datetime, str]]:
    """When each used key got its present value at the latest, and by whom, by managedFields.

    An entry's time is that of its manager's last change of anything; whoever owns a key has owned it since its value
    last changed, so the earliest of several owners tells most.
    """
    by_key: dict[str, list[tuple[datetime, str]]] = {}
    for entry in item["metadata"].get("managedFields") or []:
        fields = entry.get("fieldsV1") or {}
        if entry.get("time"):
            wrote = (parse_time(entry["time"]), str(entry.get("manager", "")))
            for key in {key for part in ("f:data", "f:binaryData") for key in fields.get(part) or {}}:
                by_key.setdefault(key.removeprefix("f:"), []).append(wrote)
    by_key.pop(".", None)
    for key, writes in by_key.items():
        if reference.keys is None or key in reference.keys:
            yield min(writes)
