"""What CD systems leave on the workloads that they apply, and that it says nothing of a commit: why recipes set one.

Documentation kept beside the code that reads what is worth reading: docs/reference/release-sources.md is made from it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class System:
    """One CD system: the names that it leaves, what they say, and what follows for the commit of a release."""

    name: str
    leaves: tuple[str, ...]
    says: str
    commit: str


_NOTHING = "Nothing of its own: its steps run kubectl or Helm."
_SET = "Set `metricops.dev/commit` in the manifest that is applied."

SYSTEMS = (
    System(
        "Argo CD",
        ("annotation `argocd.argoproj.io/tracking-id`", "label `app.kubernetes.io/instance` (before 3.0)"),
        "Which Application owns the object.",
        "Not left. The image's commit belongs in git, beside the image's tag. `$ARGOCD_APP_REVISION` reaches Helm "
        "parameters and Kustomize's common labels and annotations, not its patches; those are written into the pod "
        "template as well, so every commit to the repository would restart every workload.",
    ),
    System(
        "Flux",
        (
            "labels `kustomize.toolkit.fluxcd.io/name`, `/namespace`",
            "labels `helm.toolkit.fluxcd.io/name`, `/namespace`",
        ),
        "Which Kustomization or HelmRelease owns the object; `flux trace` follows it to its source.",
        "Not left, by design: it would change objects that git did not change. The image's commit belongs in git, "
        "beside the image's tag.",
    ),
    System(
        "Helm",
        (
            "annotations `meta.helm.sh/release-name`, `meta.helm.sh/release-namespace`",
            "label `app.kubernetes.io/managed-by: Helm`",
        ),
        "Which release owns the object. Charts add `helm.sh/chart` and `app.kubernetes.io/version`, which are read.",
        "Not left. Set `metricops.dev/commit` by a value of the chart.",
    ),
    System("Jenkins", (), _NOTHING, _SET),
    System(
        "Jenkins X",
        (
            "label `gitops.jenkins-x.io/pipeline`",
            "annotations `meta.helm.sh/release-name`, `jenkins-x.io/hash` (a hash of configuration)",
            "before 3: labels `jenkins.io/chart-release`, `jenkins.io/namespace`, `jenkins.io/version`",
        ),
        "Which pipeline applies the object; the label `chart` of its quickstarts has the version, and is read.",
        "Not left. Set `metricops.dev/commit` by a value of the chart.",
    ),
    System(
        "Spinnaker",
        (
            "annotations `artifact.spinnaker.io/location`, `/name`, `/type`, `/version`",
            "annotations `moniker.spinnaker.io/application`, `/cluster`",
            "label `app.kubernetes.io/managed-by: spinnaker`",
        ),
        "Which application and cluster the object belongs to; the version is that of the manifest, not of the code.",
        "Not left. " + _SET,
    ),
    System("Tekton", (), _NOTHING, _SET),
    System(
        "Skaffold",
        ("labels `skaffold.dev/run-id`, `app.kubernetes.io/managed-by: skaffold`, on the pod template as well",),
        "Which run applied the object. It is another one at every run, so every run is a rollout: "
        "`--label skaffold.dev/run-id=…` keeps it the same.",
        "Not left, but for the image's tag with the tagger `gitCommit`. " + _SET,
    ),
    System("GitHub Actions", (), _NOTHING + " `Azure/k8s-deploy` annotates after it has applied.", _SET),
    System(
        "GitLab CI",
        ("annotations `app.gitlab.com/app`, `app.gitlab.com/env`, with Auto DevOps or by hand",),
        "Which project and environment the object belongs to.",
        "Not left. " + _SET,
    ),
    System("CircleCI", (), _NOTHING, _SET),
)
