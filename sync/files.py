"""Rule files: what they are called, whose they are, and which are to be written or removed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sync.objects import KINDS, RuleObject

PREFIX = "metricops-sync"
LONGEST_NAME = 150
"""Of an object's name in a file's, which has at most 255 bytes."""

_OURS = re.compile(rf"{PREFIX}\.({'|'.join(kind.short for kind in KINDS)})\.[a-z0-9.-]+\.[0-9a-f]{{12}}\.yml")
_UNSAFE = re.compile(r"[^a-z0-9.-]")
_MARK = f"# {PREFIX}: "


def file_name(one: RuleObject) -> str:
    """The name of an object's file: always the same, and no other object's.

    The hash tells apart what shortening, or a dot in a name, would make equal.
    """
    identity = "\0".join((one.kind.kind, one.namespace, one.name))
    readable = _UNSAFE.sub("-", f"{one.namespace}.{one.name[:LONGEST_NAME]}")
    return f"{PREFIX}.{one.kind.short}.{readable}.{hashlib.sha256(identity.encode()).hexdigest()[:12]}.yml"


def kind_of_file(name: str) -> str | None:
    """The short kind of a file that is ours by its name; None for all others, which are never touched."""
    found = _OURS.fullmatch(name)
    return found[1] if found else None


@dataclass(frozen=True, slots=True)
class Origin:
    """Which state of which object a file's text was made from."""

    uid: str
    generation: int


def file_text(one: RuleObject, groups: str) -> str:
    """A file's whole text; `groups` is a rule file for Prometheus."""
    mark = json.dumps({"uid": one.uid, "generation": one.generation})
    return f"# Written by `metricops rules sync` from {one}: change that object instead.\n{_MARK}{mark}\n{groups}"


def origin_of(text: str) -> Origin | None:
    """What a file of ours says of where it came from; None where it does not."""
    for line in text.split("\n", 2)[:2]:
        if line.startswith(_MARK):
            try:
                mark = json.loads(line.removeprefix(_MARK))
                return Origin(str(mark["uid"]), int(mark["generation"]))
            except (ValueError, TypeError, KeyError):
                return None
    return None


@dataclass(frozen=True, slots=True)
class Changes:
    """What makes a folder as it should be."""

    writes: Mapping[str, str]
    removals: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.writes or self.removals)


def changes(present: Mapping[str, str], wanted: Mapping[str, str], known: Collection[str]) -> Changes:
    """From the files of ours that are there to those that should be, both as texts by name.

    Of a kind that is not `known` (by its short name: it could not be listed) nothing is removed.
    """
    return Changes(
        {name: text for name, text in wanted.items() if present.get(name) != text},
        tuple(sorted(name for name in present if name not in wanted and kind_of_file(name) in known)),
    )
