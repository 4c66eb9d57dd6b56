"""What kube-state-metrics has recorded of rollouts, by kind of workload.

- Deployments: each ReplicaSet's creation to the second (`kube_replicaset_created`), and by the numbers of its replicas
  whether an old one was taken up again, between two samples. Without those, as for DaemonSets.
- StatefulSets: the name of the revision that is rolled out (`kube_statefulset_status_update_revision`), between two
  samples.
- DaemonSets: that the specification changed (`kube_daemonset_metadata_generation`) and pods were then behind it, which
  a change of the template alone does; not which template, so that a restore looks like a release.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from cli.replay.grid import Grid
from cli.replay.replica_sets import Numbers, by_replica_sets
from cli.replay.timeline import Rollout, Timeline, in_order
from receiver.decision.values import Interval, WorkloadRef
from receiver.prometheus.promql import Series
from rules.names import LABEL_BY_KIND, NAMESPACE_LABEL
from rules.promql import quoted

CREATED, REPLICAS, REVISION, GENERATION, BEHIND = "created", "replicas", "revision", "generation", "behind"
_BEHIND = {
    "Deployment": ("kube_deployment_status_replicas", "kube_deployment_status_replicas_updated"),
    "DaemonSet": (
        "kube_daemonset_status_current_number_scheduled",
        "kube_daemonset_status_updated_number_scheduled",
    ),
}


def queries(kind: str, namespace: str, names: Iterable[str]) -> dict[str, str]:
    """What to ask about workloads of one kind and namespace, by the part that it answers."""
    label = LABEL_BY_KIND[kind]
    pattern = quoted("|".join(sorted(map(re.escape, names))))
    # Where the scrape does not honour labels, `namespace` is kube-state-metrics' own.
    of_all = f'{NAMESPACE_LABEL}={quoted(namespace)},exported_namespace=""'
    of_these = f"{of_all},{label}=~{pattern}"
    by = f"max by ({NAMESPACE_LABEL}, {label})"
    if kind == "StatefulSet":
        revision = f"kube_statefulset_status_update_revision{{{of_these}}}"
        return {REVISION: f"max by ({NAMESPACE_LABEL}, {label}, revision) ({revision})"}
    found = {
        GENERATION: f"{by} (kube_{label}_metadata_generation{{{of_these}}})",
        BEHIND: f"{by} ({_BEHIND[kind][0]}{{{of_these}}}) - {by} ({_BEHIND[kind][1]}{{{of_these}}})",
    }
    if kind == "Deployment":
        owners = f'kube_replicaset_owner{{{of_all},owner_kind="Deployment",owner_name=~{pattern}}}'
        owned = f"* on ({NAMESPACE_LABEL}, replicaset) group_left (owner_name) "
        owned += f"max by ({NAMESPACE_LABEL}, replicaset, owner_name) ({owners} > 0)"
        for part, metric in ((CREATED, "kube_replicaset_created"), (REPLICAS, "kube_replicaset_spec_replicas")):
            found[part] = f"max by ({NAMESPACE_LABEL}, replicaset) ({metric}{{{of_all}}}) {owned}"
    return found


def timelines(
    kind: str, namespace: str, names: Iterable[str], answers: Mapping[str, Sequence[Series]], grid: Grid
) -> list[Timeline]:
    """The timelines of those workloads of which the answers tell anything."""
    label = LABEL_BY_KIND[kind]
    found: list[Timeline] = []
    for name in names:
        ref = WorkloadRef(kind, namespace, name)
        created, replicas = (
            {s.labels["replicaset"]: _numbers(s, grid) for s in answers.get(part, ()) if s.labels["owner_name"] == name}
            for part in (CREATED, REPLICAS)
        )
        generation, behind = (
            next((_numbers(s, grid) for s in answers.get(part, ()) if s.labels[label] == name), None)
            for part in (GENERATION, BEHIND)
        )
        if kind == "StatefulSet":
            of_this = [s for s in answers.get(REVISION, ()) if s.labels[label] == name]
            timeline = _by_revision(ref, {s.labels["revision"]: _numbers(s, grid) for s in of_this}, grid)
        elif created:
            timeline = by_replica_sets(ref, created, replicas, grid)
        else:
            timeline = _by_generation(ref, generation, behind, grid)
        if timeline is not None:
            found.append(timeline)
    return found


def _by_revision(ref: WorkloadRef, revisions: Mapping[str, Numbers], grid: Grid) -> Timeline | None:
    rollouts: list[Rollout] = []
    current, before, seen = "", frozenset[str](), None
    for index in range(grid.points):
        there = frozenset(name for name, numbers in revisions.items() if index in numbers)
        # A series that has ended is still shown for a while: what has just come is what holds.
        came = sorted(there - before)
        now = came[0] if came else current if current in there else min(there, default=current)
        if now != current:
            began = grid.at(index) if seen is None else grid.at(seen)
            rollouts.append(Rollout(Interval(began, grid.at(index)), now))
            current = now
        before, seen = there, index if there else seen
    source = "update revisions in kube-state-metrics (they began between two evaluations)"
    return Timeline(ref, in_order(rollouts), source) if rollouts else None


def _by_generation(ref: WorkloadRef, generation: Numbers | None, behind: Numbers | None, grid: Grid) -> Timeline | None:
    if not generation:
        return None
    indexes = sorted(generation)
    changes = [(was, now) for was, now in pairwise(indexes) if generation[was] != generation[now]]
    ends = [now for _, now in changes[1:]] + [grid.points]
    first = grid.at(indexes[0])
    rollouts = [Rollout(Interval(first, first), f"generation {generation[indexes[0]]:g}")]
    for (was, now), end in zip(changes, ends, strict=True):
        if behind is not None and any(behind.get(index, 0) > 0 for index in range(now, end)):
            revision = f"generation {generation[now]:g}"
            rollouts.append(Rollout(Interval(grid.at(was), grid.at(now)), revision))
    source = (
        "generations in kube-state-metrics (they began between two evaluations; a restore looks like a release, and "
        "any earlier one like a target)"
    )
    return Timeline(ref, in_order(rollouts), source)


def _numbers(series: Series, grid: Grid) -> Numbers:
    return {grid.index(sample.at): sample.value for sample in series.samples}
