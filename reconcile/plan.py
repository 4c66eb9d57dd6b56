"""What is to be done: from all workloads and all our objects to a list of steps. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from receiver.cluster.api import JsonObject
from reconcile.rule_object import RuleObject
from reconcile.workload import Workload
from rules.deployer.workload_rules import WorkloadRules


@dataclass(frozen=True, slots=True)
class View:
    """The cluster as of a moment ago. `opted_in` are the namespaces whose workloads' annotations count."""

    workloads: tuple[Workload, ...]
    objects: tuple[RuleObject, ...]
    opted_in: frozenset[str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A workload that asks for rules, what its annotations come to, and its object as it is."""

    workload: Workload
    rules: WorkloadRules
    present: RuleObject | None


@dataclass(frozen=True, slots=True)
class Plan:
    """`writes` are objects to be made or changed; `rejected` workloads keep what they have; `removals` go."""

    writes: tuple[Wanted, ...] = ()
    in_line: tuple[Wanted, ...] = ()
    rejected: tuple[Wanted, ...] = ()
    removals: tuple[RuleObject, ...] = ()


def plan(view: View, rules_of: Callable[[Workload], WorkloadRules], wanted_of: Callable[[Wanted], JsonObject]) -> Plan:
    """The steps that bring the objects in line.

    An object whose workload is gone is the garbage collector's: a workload that is not seen yet looks the same.
    """
    ours = {(one.namespace, one.name): one for one in view.objects if one.is_ours and not one.is_deleting}
    asking = [one for one in view.workloads if one.asked and one.namespace in view.opted_in and not one.is_deleting]
    found = [Wanted(one, rules_of(one), ours.get((one.namespace, one.object_name))) for one in asking]
    good = [one for one in found if not one.rules.problems]
    is_due = [one.present is None or not one.present.is_as(wanted_of(one)) for one in good]
    return Plan(
        writes=tuple(one for one, due in zip(good, is_due, strict=True) if due),
        in_line=tuple(one for one, due in zip(good, is_due, strict=True) if not due),
        rejected=tuple(one for one in found if one.rules.problems),
        removals=tuple(_not_asked_for(view, ours.values(), {(one.namespace, one.object_name) for one in asking})),
    )


def _not_asked_for(view: View, ours: Iterable[RuleObject], wanted: set[tuple[str, str]]) -> Iterable[RuleObject]:
    there = {(one.namespace, one.object_name) for one in view.workloads if not one.is_deleting}
    return (one for one in ours if (one.namespace, one.name) not in wanted and (one.namespace, one.name) in there)
