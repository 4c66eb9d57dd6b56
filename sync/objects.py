"""The objects whose rules are synced: PrometheusRule, and ServiceLevelObjective where its CRD is installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rules import names


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object; `short` stands in file names."""

    kind: str
    api_version: str
    plural: str
    short: str


PROMETHEUS_RULE = Kind("PrometheusRule", "monitoring.coreos.com/v1", "prometheusrules", "rule")
OBJECTIVE = Kind(names.KIND, names.API_VERSION, "servicelevelobjectives", "slo")
KINDS = (PROMETHEUS_RULE, OBJECTIVE)


@dataclass(frozen=True, slots=True)
class RuleObject:
    """What the API server has of one object. `conditions` are those of its status."""

    kind: Kind
    namespace: str
    name: str
    uid: str
    generation: int
    spec: Any = field(hash=False)
    conditions: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)

    def __str__(self) -> str:
        return f"{self.kind.kind} {self.namespace}/{self.name}"


def read_object(kind: Kind, item: Mapping[str, Any]) -> RuleObject:
    """An object of the API server; a status that is not as expected counts as none."""
    metadata = item["metadata"]
    status = item.get("status")
    conditions = status.get("conditions") if isinstance(status, dict) else None
    return RuleObject(
        kind,
        metadata["namespace"],
        metadata["name"],
        metadata["uid"],
        int(metadata.get("generation") or 0),
        item.get("spec"),
        tuple(one for one in conditions if isinstance(one, dict)) if isinstance(conditions, list) else (),
    )
