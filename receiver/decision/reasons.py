"""Every reason for acting or not acting: its word, what it means, what the operator can do.

The words are metric label values, log fields and record fields, so they are a public API.
"""

from __future__ import annotations

from receiver.decision.reason import Reason, Verdict

NOT_FIRING = Reason(
    "not-firing",
    Verdict.IGNORED,
    "The alert is resolved.",
    "Nothing to do: only firing alerts can ask for an undo.",
)
NOT_ASKED = Reason(
    "not-asked",
    Verdict.IGNORED,
    'The alert does not carry the label metricops="undo".',
    'Add the label metricops: "undo" to the rule if this alert may undo a rollout.',
)
NO_WORKLOAD_LABEL = Reason(
    "no-workload-label",
    Verdict.IGNORED,
    "The alert does not name exactly one workload: it needs the label namespace and one of deployment, statefulset, "
    "daemonset.",
    "Aggregate the rule's expression by namespace and workload, or set both labels in the rule.",
)
NOT_WATCHED = Reason(
    "not-watched",
    Verdict.IGNORED,
    "The alert's workload is in a namespace that this receiver does not watch.",
    "Route only the watched namespace's alerts here, or install a receiver that may look into the other one.",
)
WORKLOAD_NOT_FOUND = Reason(
    "workload-not-found",
    Verdict.IGNORED,
    "No such workload exists in the cluster.",
    "Check the alert's namespace and workload labels; exported_namespace or a renamed workload are common causes.",
)
NOT_OPTED_IN = Reason(
    "not-opted-in",
    Verdict.IGNORED,
    "Neither the workload nor its namespace asks for rollbacks, or one of them says disabled.",
    "Label the workload or its namespace metricops.dev/rollback=enabled (or dry-run, or approve).",
)
INVALID_POLICY = Reason(
    "invalid-policy",
    Verdict.REFUSED,
    "A metricops.dev label or annotation on the workload or its namespace has a value that cannot be read.",
    "Correct the value that the detail names; until then nothing is undone.",
)
ALREADY_CLAIMED = Reason(
    "already-claimed",
    Verdict.DUPLICATE,
    "A Rollback for this revision of the workload exists already.",
    "Nothing to do: look at the record that the detail names.",
)
NOT_TRUE = Reason(
    "not-true",
    Verdict.REFUSED,
    "The source of alerts does not show this alert firing by a rule that it has loaded: it may be forged, or over.",
    "Look at the alert in Prometheus; check that METRICOPS_PROMETHEUS_URL is the one that evaluates the rule.",
)
TOO_LATE = Reason(
    "too-late",
    Verdict.REFUSED,
    "The alert fired and the rollout began both longer ago than act-within: a person has had the time to decide.",
    "Undo by hand if the release is to blame, or raise metricops.dev/act-within.",
)
OPTED_IN_LATER = Reason(
    "opted-in-later",
    Verdict.REFUSED,
    "Undo was enabled, or its label written again, only after the alert had fired: what is switched on does not act on "
    "what is burning already.",
    "Undo by hand if the release is to blame; the next alert is acted upon.",
)
FIRED_WHILE_STOPPED = Reason(
    "fired-while-stopped",
    Verdict.REFUSED,
    "The alert fired before the stop switch was released, or before it was installed.",
    "Undo by hand if the release is to blame; the next alert is acted upon.",
)
BEFORE_ROLLOUT = Reason(
    "before-rollout",
    Verdict.REFUSED,
    "The trouble began before the rollout of the current revision did, so this release is not to blame.",
    "Look for another cause: a dependency, the traffic, or an earlier release.",
)
OUTSIDE_ATTRIBUTION_WINDOW = Reason(
    "outside-attribution-window",
    Verdict.REFUSED,
    "The trouble began longer after the rollout than the attribution window, so this release is not to blame.",
    "Look for another cause, or raise metricops.dev/attribution-window.",
)
BAD_BEFORE = Reason(
    "bad-before",
    Verdict.REFUSED,
    "The SLI was bad already when the rollout of the current revision began, so this release is not to blame.",
    "Look for another cause: a dependency, the traffic, or an earlier release.",
)
GOOD_SINCE = Reason(
    "good-since",
    Verdict.REFUSED,
    "The SLI is good since the rollout: what still fires is the residue of earlier trouble.",
    "Nothing to do: the alert ends when its long window has passed.",
)
TOO_FEW_EVENTS = Reason(
    "too-few-events",
    Verdict.REFUSED,
    "Fewer events failed since the rollout than it takes to blame a release: a ratio of so few says nothing.",
    "Nothing to do: the alert is judged again while it is active. Lower metricops.dev/minimum-failed-events for a "
    "workload with little traffic.",
)
BAD_ALIKE = Reason(
    "bad-alike",
    Verdict.REFUSED,
    "While old and new pods ran side by side, the old ones failed about as often: this release is not to blame.",
    "Look for what both share: a dependency, the configuration, the traffic.",
)
NO_EVIDENCE = Reason(
    "no-evidence",
    Verdict.REFUSED,
    "The policy requires evidence, and the source does not say how the SLI was before and since the rollout.",
    "Check Prometheus and the rule's metricops_sli annotation, or set metricops.dev/evidence=trust-alert.",
)
WIDE_FAULT = Reason(
    "wide-fault",
    Verdict.REFUSED,
    "Alerts of many other workloads began at about the same time: a fault that wide is not one bad release.",
    "Look for what they share: a dependency, a node pool, the network. Undo by hand if it was a release after all.",
)
CONDEMNED = Reason(
    "condemned",
    Verdict.REFUSED,
    "The current template was blamed and undone before, and has come back.",
    "Find out what deploys it again (the detail names the manager); deploy a fixed release. To try the same one again "
    "on purpose: metricops release clear.",
)
RESTORE = Reason(
    "restore",
    Verdict.REFUSED,
    "The current revision is itself a restore of an earlier template; undoing it would be ping-pong.",
    "Decide by hand which release is good, or deploy a fixed one.",
)
IRREVERSIBLE = Reason(
    "irreversible",
    Verdict.REFUSED,
    "The current release says that it must not be left (metricops.dev/irreversible), a schema migration, say.",
    "Fix forward. Take the annotation away with the next release that can be left.",
)
CONFIGURATION_CHANGED = Reason(
    "configuration-changed",
    Verdict.REFUSED,
    "A ConfigMap that the target uses was written since the target last served, or with the release that is blamed.",
    "Bring the ConfigMap back as well and undo by hand, or fix forward. ConfigMaps that are immutable, or named after "
    "their content (kustomize's configMapGenerator), go back with the template.",
)
DEPENDENCY_GONE = Reason(
    "dependency-gone",
    Verdict.REFUSED,
    "The target needs an object that no longer exists: a ConfigMap, Secret, volume claim or service account, or a key.",
    "Bring it back and undo by hand, or fix forward.",
)
STOPPED = Reason(
    "stopped",
    Verdict.REFUSED,
    "The stop switch is on, or it cannot be read.",
    "Set the key undo of ConfigMap metricops-control to run when undos may happen again.",
)
SILENCED = Reason(
    "silenced",
    Verdict.REFUSED,
    "Just before the undo, Alertmanager shows the alert as silenced, inhibited or muted: somebody says hands off.",
    "Nothing to do: when that ends and the alert is still active, it is decided again.",
)
MODE_PAUSED = Reason(
    "mode-paused",
    Verdict.REFUSED,
    "The workload or its namespace is labelled metricops.dev/rollback=paused.",
    "Set the label back to enabled when undos may happen again.",
)
ROLLOUT_PAUSED = Reason(
    "rollout-paused",
    Verdict.REFUSED,
    "The rollout is paused (spec.paused), so the controller would not act on an undo.",
    "Resume the rollout (kubectl rollout resume), or undo by hand.",
)
OWNED = Reason(
    "owned",
    Verdict.REFUSED,
    "Another controller owns the workload, and would take an undo back.",
    "Roll back with the tool that owns it.",
)
GITOPS_OWNER = Reason(
    "gitops-owner",
    Verdict.REFUSED,
    "Argo CD or Flux owns the workload: a bare undo would be taken back at the next sync.",
    "Revert the release in git, or pause automatic sync and undo by hand.",
)
NO_TARGET = Reason(
    "no-target",
    Verdict.REFUSED,
    "No earlier revision is left that could be restored.",
    "Check revisionHistoryLimit; a first release has nothing to go back to. Fix forward.",
)
OVER_BUDGET = Reason(
    "over-budget",
    Verdict.REFUSED,
    "The namespace or the cluster has had as many undos within the hour as its budget allows: a fault that wide is not "
    "one bad release.",
    "Look for what the workloads share; undo by hand what is to blame, or raise METRICOPS_NAMESPACE_BUDGET or "
    "METRICOPS_CLUSTER_BUDGET. It is decided again by itself once a slot is free.",
)
IN_COOLDOWN = Reason(
    "in-cooldown",
    Verdict.DEFERRED,
    "The workload was undone a short while ago; the claim waits until the cooldown has ended.",
    "Nothing to do: it is judged again by itself. Lower metricops.dev/cooldown if it is too long.",
)
UNDO = Reason(
    "undo",
    Verdict.CLAIMED,
    "The release is blamed and will be undone.",
    "Nothing to do: follow the Rollback. metricops rollbacks revert takes it back.",
)
DRY_RUN = Reason(
    "dry-run",
    Verdict.CLAIMED,
    "The release is blamed; in dry-run mode the undo is recorded, not performed.",
    "Label the workload metricops.dev/rollback=enabled to let it act.",
)
APPROVE = Reason(
    "approve",
    Verdict.CLAIMED,
    "The release is blamed; in approve mode the undo waits for a person.",
    "Approve the Rollback by setting spec.approval, or let it expire.",
)

OBSERVING = Reason(
    "observing",
    Verdict.CLAIMED,
    "The release is blamed; the workload is newly enabled and only observed, so the undo is recorded, not performed.",
    "Look whether you agree. After as many such decisions as metricops.dev/observe-first says it acts by itself; the "
    "value 0 lets it act now.",
)

ALL_REASONS: tuple[Reason, ...] = (
    NOT_FIRING,
    NOT_ASKED,
    NO_WORKLOAD_LABEL,
    NOT_WATCHED,
    WORKLOAD_NOT_FOUND,
    NOT_OPTED_IN,
    INVALID_POLICY,
    ALREADY_CLAIMED,
    NOT_TRUE,
    TOO_LATE,
    OPTED_IN_LATER,
    FIRED_WHILE_STOPPED,
    BEFORE_ROLLOUT,
    OUTSIDE_ATTRIBUTION_WINDOW,
    BAD_BEFORE,
    GOOD_SINCE,
    TOO_FEW_EVENTS,
    BAD_ALIKE,
    NO_EVIDENCE,
    WIDE_FAULT,
    CONDEMNED,
    RESTORE,
    IRREVERSIBLE,
    CONFIGURATION_CHANGED,
    DEPENDENCY_GONE,
    STOPPED,
    SILENCED,
    MODE_PAUSED,
    ROLLOUT_PAUSED,
    OWNED,
    GITOPS_OWNER,
    NO_TARGET,
    OVER_BUDGET,
    IN_COOLDOWN,
    UNDO,
    DRY_RUN,
    APPROVE,
    OBSERVING,
)
"""In the order in which they are looked for."""
