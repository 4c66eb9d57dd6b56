"""What a pod template needs of its namespace to start: the objects that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from receiver.decision.templates import Template

CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")


class NeededKind(StrEnum):
    """The kinds of objects without which a pod does not start."""

    CONFIG_MAP = "ConfigMap"
    SECRET = "Secret"  # noqa: S105 - a kind
    VOLUME_CLAIM = "PersistentVolumeClaim"
    SERVICE_ACCOUNT = "ServiceAccount"


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """One object that a template uses. `keys` are those it names, None where it takes the whole object.

    Where `is_optional`, pods start without the object, or without its keys.
    """

    kind: NeededKind
    name: str
    keys: frozenset[str] | None = None
    is_optional: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of a reference. `is_there` is None where it could not be read; `missing_keys` are those needed.

    `changed_at` is when one of the used keys was written last, by `changed_by`; None where that is not known, or where
    the object's content can't change under its name.
    """

    reference: Reference
    is_there: bool | None
    missing_keys: tuple[str, ...] = ()
    changed_at: datetime | None = None
    changed_by: str = ""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What was found of everything that the template of this hash uses."""

    template_hash: str
    findings: tuple[Finding, ...]


def references(template: Template) -> tuple[Reference, ...]:
    """Everything that the template uses, each reference once. The account `default`, image pull secrets and claims that
    the pod makes itself are not asked for: every namespace has the first, and pods start without the second.
    """
    spec = template.get("spec") or {}
    found = {*_of_volumes(spec), *_of_containers(spec)}
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account and account != "default":
        found.add(Reference(NeededKind.SERVICE_ACCOUNT, account))
    return tuple(sorted(found, key=lambda r: (r.kind, r.name, sorted(r.keys or ()), r.is_optional)))


def _of_volumes(spec: Mapping[str, Any]) -> Iterator[Reference]:
    for volume in spec.get("volumes") or []:
        yield from _of_sources(volume)
        for source in (volume.get("projected") or {}).get("sources") or []:
            yield from _of_sources(source)
        claim = volume.get("persistentVolumeClaim")
        if claim:
            yield Reference(NeededKind.VOLUME_CLAIM, claim["claimName"])
        published = (volume.get("csi") or {}).get("nodePublishSecretRef")
        if published:
            yield Reference(NeededKind.SECRET, published["name"])


def _of_sources(volume: Mapping[str, Any]) -> Iterator[Reference]:
    """A volume's, or one source's of a projected volume: only the first calls a Secret's name `secretName`."""
    for kind, field in ((NeededKind.CONFIG_MAP, "configMap"), (NeededKind.SECRET, "secret")):
        source = volume.get(field) or {}
        name = source.get("name") or source.get("secretName")
        if name:
            keys = frozenset(item["key"] for item in source.get("items") or []) or None
            yield Reference(kind, name, keys, bool(source.get("optional")))


def _of_containers(spec: Mapping[str, Any]) -> Iterator[Reference]:
    for container in (container for key in CONTAINER_LISTS for container in spec.get(key) or []):
        for variable in container.get("env") or []:
            source = variable.get("valueFrom") or {}
            yield from _of_variable(NeededKind.CONFIG_MAP, source.get("configMapKeyRef"))
            yield from _of_variable(NeededKind.SECRET, source.get("secretKeyRef"))
        for source in container.get("envFrom") or []:
            yield from _of_variable(NeededKind.CONFIG_MAP, source.get("configMapRef"))
            yield from _of_variable(NeededKind.SECRET, source.get("secretRef"))


def _of_variable(kind: NeededKind, source: Mapping[str, Any] | None) -> Iterator[Reference]:
    if source and source.get("name"):
        keys = frozenset({source["key"]}) if source.get("key") else None
        yield Reference(kind, source["name"], keys, bool(source.get("optional")))
