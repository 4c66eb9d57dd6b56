"""Which GitOps tool owns a workload, by the marks that it leaves."""

from __future__ import annotations

from receiver.decision.values import Workload

ARGO_CD_TRACKING = "argocd.argoproj.io/tracking-id"
"""Argo CD's own mark. The label app.kubernetes.io/instance proves nothing: Helm sets it too."""

FLUX_NAMES = {
    "Kustomization": "kustomize.toolkit.fluxcd.io",
    "HelmRelease": "helm.toolkit.fluxcd.io",
}
"""Flux labels what it applies with `<prefix>/name` and `<prefix>/namespace`."""


def gitops_owner(workload: Workload) -> str:
    """The tool and its object, in words; empty where no mark is found."""
    tracking = workload.annotations.get(ARGO_CD_TRACKING)
    if tracking:
        return f"Argo CD Application {tracking.partition(':')[0]}"
    for kind, prefix in FLUX_NAMES.items():
        name = workload.labels.get(f"{prefix}/name")
        if name:
            return f"Flux {kind} {workload.labels.get(f'{prefix}/namespace', '?')}/{name}"
    return ""
