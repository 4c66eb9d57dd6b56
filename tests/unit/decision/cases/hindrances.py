"""What forbids an undo of a release that is to blame."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from receiver.decision.references import Dependencies, Finding, NeededKind, Reference
from receiver.decision.values import World
from tests.unit.decision.cases.worlds import MODE, Case, mode
from tests.unit.scenario import ROLLOUT, V1, V2, namespace, workload, world


def saying(irreversible: str) -> Any:
    return workload(annotations={"metricops.dev/irreversible": irreversible})


def using(*, is_there: bool | None = True, changed_at: datetime | None = None) -> World:
    """A world in which the target uses a ConfigMap."""
    reference = Reference(NeededKind.CONFIG_MAP, "config")
    found = Finding(reference, is_there, (), changed_at, "ci")
    return world(dependencies=Dependencies(V1.template_hash, (found,)))


HINDRANCES: list[Case] = [
    ("configuration-changed", using(changed_at=ROLLOUT), using(changed_at=ROLLOUT - timedelta(minutes=1))),
    ("dependency-gone", using(is_there=False), using(is_there=None)),
    ("irreversible", world(workload=saying("true")), world(workload=saying("false"))),
    ("irreversible", world(workload=saying("schema 12")), world()),
    ("owned", world(workload=workload(controlled_by="Rollout/shop")), world()),
    (
        "gitops-owner",
        world(workload=workload(annotations={"argocd.argoproj.io/tracking-id": "apps:apps/Deployment:prod/shop"})),
        world(workload=workload(annotations={"argocd.argoproj.io/sync-wave": "1"})),
    ),
    (
        "gitops-owner",
        world(workload=workload(labels={MODE: "enabled", "kustomize.toolkit.fluxcd.io/name": "apps"})),
        world(workload=workload(labels={MODE: "enabled", "app.kubernetes.io/instance": "apps"})),
    ),
    (
        "gitops-owner",
        world(workload=workload(labels={MODE: "enabled", "helm.toolkit.fluxcd.io/name": "shop"})),
        world(workload=workload(labels={MODE: "enabled", "app.kubernetes.io/managed-by": "Helm"})),
    ),
    ("stopped", world(stopped="the switch says stop"), world(stopped=None)),
    ("mode-paused", world(workload=mode("paused")), world(workload=mode("enabled"))),
    ("mode-paused", world(namespace=namespace({MODE: "paused"})), world(namespace=namespace({MODE: "dry-run"}))),
    ("rollout-paused", world(workload=workload(paused=True)), world()),
    ("no-target", world(workload=workload(V2)), world()),
]
