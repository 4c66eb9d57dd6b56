"""Whom an object's rules may blame: an object in one namespace raises no undo of a workload in another.

Labels of a rule win over those of its expression, so a static `namespace` is what an alert says. Where there is none,
the series that the expression gives decide, and what they will be is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rules.deployer.confinement import Confinement
from rules.deployer.workload_rules import DEFAULT_CONFINEMENT
from rules.names import NAMESPACE_LABEL, UNDO_LABEL, UNDO_VALUE

_TEMPLATE = "{{"
_NAMES_UNDO = re.compile(rf"(?<![\w:]){UNDO_LABEL}(?![\w:])")


@dataclass(frozen=True, slots=True)
class Policy:
    """`trusted` are namespaces whose objects may blame any; with `strict` every rule that may undo names its own.

    `confinement` is how the rules of workloads' annotations are kept to their own series.
    """

    trusted: frozenset[str] = frozenset()
    strict: bool = False
    confinement: Confinement = DEFAULT_CONFINEMENT


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is refused, and what can't be known; each entry names the rule."""

    refused: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


def judge(groups: Sequence[Mapping[str, Any]], namespace: str, policy: Policy) -> Judgement:
    """Look at every rule that may raise an undo; `namespace` is the object's."""
    if namespace in policy.trusted:
        return Judgement()
    refused: list[str] = []
    unknown: list[str] = []
    for place, rule, labels in _rules(groups):
        if not _may_undo(rule, labels):
            continue
        blamed = labels.get(NAMESPACE_LABEL, "")
        if blamed and _TEMPLATE not in blamed:
            if blamed != namespace:
                refused.append(
                    f"{place}: found the label {NAMESPACE_LABEL}={blamed} beside {UNDO_LABEL}={UNDO_VALUE}, "
                    f"expected {NAMESPACE_LABEL}={namespace}, the object's own"
                )
        elif policy.strict:
            found = f"{NAMESPACE_LABEL}={blamed}" if blamed else f"no label {NAMESPACE_LABEL}"
            refused.append(f"{place}: found {found}, expected {NAMESPACE_LABEL}={namespace}, as the rule may undo")
        else:
            unknown.append(f"{place}: the series of the expression say which namespace is blamed")
    return Judgement(tuple(refused), tuple(unknown))


def _rules(
    groups: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, str]]]:
    for group in groups:
        for rule in group.get("rules") or ():
            name = rule.get("alert") or rule.get("record")
            # Prometheus 3 knows labels of a whole group.
            labels = {**(group.get("labels") or {}), **(rule.get("labels") or {})}
            yield f"group {group.get('name')}, rule {name}", rule, {key: str(value) for key, value in labels.items()}


def _may_undo(rule: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Recordings count too: an alert on their series has their labels."""
    value = labels.get(UNDO_LABEL)
    if value is None:
        return _NAMES_UNDO.search(str(rule.get("expr", ""))) is not None
    return value == UNDO_VALUE or _TEMPLATE in value
