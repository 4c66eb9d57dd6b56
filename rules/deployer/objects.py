"""The PrometheusRule of a workload's annotations: its name, and how it is known from those of people."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from rules.group import RuleGroup, RuleSet

COMPONENT_LABEL = "app.kubernetes.io/component"
COMPONENT = "deployers-rule"
LONGEST_NAME = 253
_HASH = 10


def object_name(kind: str, name: str) -> str:
    """Always the same, and no other workload's; `kind` is deployment, statefulset or daemonset."""
    whole = f"metricops-{kind}-{name}"
    if len(whole) <= LONGEST_NAME:
        return whole
    return f"{whole[: LONGEST_NAME - _HASH - 1].rstrip('-.')}-{hashlib.sha256(name.encode()).hexdigest()[:_HASH]}"


def rule_set(namespace: str, kind: str, name: str, groups: Iterable[RuleGroup], labels: Mapping[str, str]) -> RuleSet:
    """The object's content; `labels` are those that an operator's `ruleSelector` asks for."""
    return RuleSet(object_name(kind, name), namespace, {**labels, COMPONENT_LABEL: COMPONENT}, tuple(groups))
