"""Who applied a workload, and how our undo leaves them what they own (docs/decisions/0007-next-deploy.md).

An undo changes fields, so the API server makes us their owner. The next deploy is clean only if their owner is again
whoever applies the workload: then what it no longer names goes, and what it names differently is no conflict.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from receiver import names
from receiver.cluster.api import Api, ApiError, JsonObject
from receiver.logs import log
from receiver.workloads.fields import Fields, at, changed, difference, intersection, size, unchanged, union, without
from receiver.workloads.kind import is_guard

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
CLIENT_SIDE_APPLY = "kubectl-client-side-apply"
MOST_ANNOTATION_BYTES = 256 * 1024
"""What the API server allows for all annotations of an object together."""
MOST_TRIES = 5

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Heirs:
    """What an undo leaves to whom: `last_applied` is the annotation's new text (None: leave it as it is), `others` are
    the managers next to the main applier that get fields back, as managedFields entries without a time."""

    last_applied: str | None = None
    others: tuple[JsonObject, ...] = field(default_factory=tuple)


def is_ours(key: str) -> bool:
    """Whether an annotation is never left to a deployer: all of our own but the commit, which a deploy says anew."""
    return key.startswith(f"{names.GROUP}/") and key != names.COMMIT_ANNOTATION


def main_applier(entries: Iterable[Entry]) -> Entry | None:
    """The entry of whoever applies the workload: of all that apply, client-side or server-side, the one that owns
    most; of two alike the later. None where nobody does."""
    appliers = [entry for entry in entries if _applies(entry)]
    return max(appliers, key=lambda entry: (size(entry.get("fieldsV1") or {}), str(entry.get("time"))), default=None)


def is_deployers(entries: Iterable[Entry], annotations: Mapping[str, str], key: str) -> bool:
    """Whether an annotation is the deployer's: the main applier's, by managedFields or by last-applied-configuration;
    where nobody applies, that of a manager that wrote into the template as well."""
    entries = list(entries)
    applier = main_applier(entries)
    deployers = [applier] if applier is not None else [e for e in entries if at(_all(e), "spec", "template")]
    notes = union(*(at(_all(entry), "metadata", "annotations") for entry in deployers))
    if f"f:{key}" in ((notes.get("f:metadata") or {}).get("f:annotations") or {}):
        return True
    try:
        return key in json.loads(annotations[LAST_APPLIED])["metadata"]["annotations"]
    except (KeyError, ValueError, TypeError):
        return False


def heirs(
    entries: Sequence[Entry], annotations: Mapping[str, str], before: JsonObject, after: JsonObject, own: frozenset[str]
) -> Heirs:
    """What is to be left to whom by an undo that changes `before` to `after`.

    Both are objects cut down to `metadata.annotations` and `spec.template`; `own` are the annotations that belong to
    nobody's manifest. `entries` are the workload's managedFields before the undo, `annotations` its annotations.
    """
    applier = main_applier(entries)
    if applier is None:
        return Heirs(_last_applied(annotations, after, own))
    applied = _fields(applier)
    theirs: Fields = {}
    others: list[JsonObject] = []
    for entry in entries:
        if entry is applier or entry.get("subresource") or entry.get("manager") == names.FIELD_MANAGER:
            continue
        exclusive = difference(_fields(entry), applied)
        stays = unchanged(before, after, exclusive)
        if entry.get("operation") == "Apply":
            lost = changed(before, after, exclusive)
            if lost:
                others.append({**{key: entry[key] for key in ("manager", "operation", "apiVersion")}, "fields": lost})
            stays = union(stays, lost)
        theirs = union(theirs, stays)
    return Heirs(_last_applied(annotations, without(after, theirs) or {}, own), tuple(others))


def _last_applied(annotations: Mapping[str, str], applied: JsonObject, own: frozenset[str]) -> str | None:
    """last-applied-configuration as if its manifest had been that of the restored revision."""
    try:
        manifest = json.loads(annotations[LAST_APPLIED])
        metadata, spec = manifest.get("metadata") or {}, manifest["spec"]
        notes = {
            key: value
            for key, value in ((applied.get("metadata") or {}).get("annotations") or {}).items()
            if key not in own and not is_ours(key)
        }
        live = {key: value for key, value in (metadata.get("annotations") or {}).items() if key in own or is_ours(key)}
        restored = {
            **manifest,
            "metadata": {**metadata, "annotations": {**live, **notes}},
            "spec": {**spec, "template": (applied.get("spec") or {}).get("template") or {}},
        }
    except (KeyError, ValueError, TypeError, AttributeError):
        return None  # Nobody applied it client-side, or not as kubectl does.
    text = json.dumps(restored, separators=(",", ":"), ensure_ascii=False) + "\n"
    rest = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items() if key != LAST_APPLIED)
    # What does not fit must not keep the undo from being made.
    return text if rest + len(text.encode()) + len(LAST_APPLIED) + 4096 <= MOST_ANNOTATION_BYTES else None


def settle_ownership(api: Api, path: str) -> bool:
    """Give the fields that our undo wrote to whoever applies the workload. Can be repeated, and need not be ours.

    Returns False where the workload changed so often meanwhile that it is to be tried again. Raises `ApiError`.
    """
    for _ in range(MOST_TRIES):
        try:
            metadata = api.get(path)["metadata"]
            operations = settling_operations(metadata.get("managedFields") or (), metadata.get("annotations") or {})
            if operations:
                api.json_patch(path, operations, fieldManager=names.FIELD_MANAGER)
            return True
        except ApiError as error:
            if error.status == 404:
                return True
            if error.is_transient:
                raise
            if not is_guard(error):
                log("fields not given back", level=logging.WARNING, path=path, error=str(error))
                return True  # It would be refused again; the undo itself is done.
    return False


def settling_operations(managed_fields: Iterable[Entry], annotations: Mapping[str, str]) -> list[JsonObject]:
    """The JSON patch on managedFields that gives away what is ours; empty where there is nothing to give, or nobody to
    take it. Each entry that it changes is tested to be as it was seen."""
    entries = [dict(entry) for entry in managed_fields]
    ours = [
        entry
        for entry in entries
        if entry.get("manager") == names.FIELD_MANAGER
        and entry.get("operation") == "Update"
        and not entry.get("subresource")
    ]
    given = union(*(_given(entry) for entry in ours))
    applier = main_applier(entry for entry in entries if entry not in ours)
    if not given or applier is None:
        return []
    shares = []
    for other in _noted_heirs(annotations):
        share = intersection(given, other["fields"])
        given = difference(given, share)
        shares.append((other, share))
    changes = {entries.index(entry): _with_fields(entry, difference(_all(entry), _given(entry))) for entry in ours}
    changes[entries.index(dict(applier))] = _with_fields(applier, union(_all(applier), given))
    added = []
    for other, share in shares:
        same = ("manager", "operation")
        index = next(
            (i for i, e in enumerate(entries) if all(e.get(k) == other[k] for k in same) and not e.get("subresource")),
            None,
        )
        if index is not None:
            changes[index] = _with_fields(entries[index], union(_all(entries[index]), share))
        elif share:
            added.append(
                _with_fields(
                    {k: applier[k] for k in ("time",) if k in applier}
                    | {k: v for k, v in other.items() if k != "fields"},
                    share,
                )
            )
    return _patch(entries, changes, added)


def _patch(entries: list[JsonObject], changes: dict[int, JsonObject], added: list[JsonObject]) -> list[JsonObject]:
    tests = [
        {"op": "test", "path": f"/metadata/managedFields/{index}", "value": entries[index]} for index in sorted(changes)
    ]
    # From the end, so that a removal moves no index that is still needed.
    replaced = [
        {"op": "replace", "path": f"/metadata/managedFields/{index}", "value": changes[index]}
        if changes[index]["fieldsV1"]
        else {"op": "remove", "path": f"/metadata/managedFields/{index}"}
        for index in sorted(changes, reverse=True)
    ]
    return [*tests, *replaced, *({"op": "add", "path": "/metadata/managedFields/-", "value": entry} for entry in added)]


def _applies(entry: Entry) -> bool:
    if entry.get("subresource") or entry.get("manager") == names.FIELD_MANAGER:
        return False
    fields = entry.get("fieldsV1") or {}
    applies = entry.get("operation") == "Apply" or entry.get("manager") == CLIENT_SIDE_APPLY
    return applies and bool(at(fields, "spec") or at(fields, "metadata", "labels"))


def _all(entry: Entry) -> Fields:
    return dict(entry.get("fieldsV1") or {})


def _fields(entry: Entry) -> Fields:
    """Those fields of an entry that an undo can touch."""
    return union(at(_all(entry), "spec", "template"), at(_all(entry), "metadata", "annotations"))


def _given(entry: Entry) -> Fields:
    """Those fields of our entry that are not ours to keep: all but our own annotations."""
    fields = _fields(entry)
    notes = (fields.get("f:metadata") or {}).get("f:annotations") or {}
    kept = {key: below for key, below in notes.items() if key == "." or is_ours(key.removeprefix("f:"))}
    return difference(fields, {"f:metadata": {"f:annotations": kept}} if kept else {})


def _with_fields(entry: Entry, fields: Fields) -> JsonObject:
    return {**entry, "fieldsType": "FieldsV1", "fieldsV1": fields}


def _noted_heirs(annotations: Mapping[str, str]) -> list[JsonObject]:
    try:
        noted = json.loads(annotations[names.RESTORED_BY_ANNOTATION]).get("heirs") or []
        return [other for other in noted if {"manager", "operation", "apiVersion", "fields"} <= other.keys()]
    except (KeyError, ValueError, TypeError, AttributeError):
        return []
