"""The objects whose rules are synced: PrometheusRule, ServiceLevelObjective where it is served, and workloads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from receiver.workloads.apps import API_VERSION
from receiver.workloads.registry import KINDS as WORKLOADS
from rules import names
from rules.deployer.workload_rules import ANNOTATIONS


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object; `short` stands in file names."""

    kind: str
    api_version: str
    plural: str
    short: str


PROMETHEUS_RULE = Kind("PrometheusRule", "monitoring.coreos.com/v1", "prometheusrules", "rule")
OBJECTIVE = Kind(names.KIND, names.API_VERSION, "servicelevelobjectives", "slo")
OBJECT_KINDS = (PROMETHEUS_RULE, OBJECTIVE)
WORKLOAD_KINDS = tuple(
    Kind(kind, API_VERSION, WORKLOADS[kind].plural, label) for label, kind in names.KIND_BY_LABEL.items()
)
"""Their rules stand in annotations."""
KINDS = (*OBJECT_KINDS, *WORKLOAD_KINDS)


@dataclass(frozen=True, slots=True)
class RuleObject:
    """What the API server has of one object. `conditions` are those of its status, `labels` its own.

    Of a workload `spec` are the annotations that ask for rules, and `generation` a number made of these: the API
    server's own does not move with an annotation, but with a deploy.
    """

    kind: Kind
    namespace: str
    name: str
    uid: str
    generation: int
    spec: Any = field(hash=False)
    conditions: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.kind.kind} {self.namespace}/{self.name}"

    def rules_of(self, generation: int) -> str:
        """The rules that were made of this state of it, in words."""
        if self.kind not in WORKLOAD_KINDS:
            return f"the rules of generation {generation}"
        return "the rules of its annotations" if generation == self.generation else "its earlier rules"


def read_object(kind: Kind, item: Mapping[str, Any]) -> RuleObject:
    """An object of the API server; a status that is not as expected counts as none."""
    metadata = item["metadata"]
    if kind in WORKLOAD_KINDS:
        return _read_workload(kind, metadata)
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
        metadata.get("labels") or {},
    )


def _read_workload(kind: Kind, metadata: Mapping[str, Any]) -> RuleObject:
    given = metadata.get("annotations") or {}
    asked = {name: given[name] for name in ANNOTATIONS if name in given}
    digest = hashlib.sha256(json.dumps(asked).encode()).digest()
    generation = int.from_bytes(digest[:6], "big")
    return RuleObject(kind, metadata["namespace"], metadata["name"], metadata["uid"], generation, asked)
