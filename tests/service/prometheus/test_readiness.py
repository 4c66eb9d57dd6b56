"""A release that never becomes ready, as the receiver judges it: by the shipped rules, and by one without an SLI."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml

from receiver.decision import reasons
from receiver.decision.decide import decide
from receiver.decision.evidence import Answer, Bound, Evidence, Shown
from receiver.decision.phases import Phase
from receiver.decision.recovery import AlertState
from receiver.decision.values import Alert, Decision, Defaults, EvidencePolicy, Interval, World
from receiver.prometheus.source import PrometheusSource, SourceOptions
from rules.comparison import Comparison
from rules.readiness import release_readiness
from rules.render import render_rule_file
from sandbox.debian import MonitoringBinaries
from sandbox.process import wait_until
from tests.service.prometheus.backfilled import Backfilled, Gauge, backfilled
from tests.unit.scenario import labelled, workload

BEGAN = -300
"""The rollout, in seconds before now."""


def shows(metric: str, value: Any, **labels: str) -> Gauge:
    return Gauge(metric, {"namespace": "prod", **labels}, value if callable(value) else lambda _: value)


def since(began: int, value: float, before: float | None = None) -> Any:
    return lambda second: value if second >= began else before


def deployment(name: str, *, crashes: bool) -> list[Gauge]:
    """A Deployment in the middle of a rollout: an old pod serves, a new one is there."""
    ours = {"deployment": name}
    controls = {"owner_is_controller": "true"}
    series = [
        shows("kube_deployment_created", 1.0, **ours),
        shows("kube_deployment_status_replicas", since(BEGAN, 2, 1), **ours),
        shows("kube_deployment_status_replicas_updated", 1, **ours),
        shows("kube_deployment_status_replicas_available", 1, **ours),
        shows("kube_deployment_status_condition", 0, **ours, condition="Progressing", status="false"),
    ]
    for revision, began in ((1, -9999), (2, BEGAN)):
        replicaset = f"{name}-{revision}"
        ids = {"pod": f"{replicaset}-a", "uid": f"u-{replicaset}"}
        owner = {"owner_kind": "Deployment", "owner_name": name, **controls}
        series += [
            shows("kube_replicaset_created", since(began, 10_000 + began), replicaset=replicaset),
            shows("kube_replicaset_owner", since(began, 1), replicaset=replicaset, **owner),
            shows("kube_replicaset_spec_replicas", since(began, 1), replicaset=replicaset),
            shows("kube_pod_owner", since(began, 1), **ids, owner_kind="ReplicaSet", owner_name=replicaset, **controls),
        ]
        if crashes and revision == 2:
            waits = {**ids, "container": "web", "reason": "CrashLoopBackOff"}
            series.append(shows("kube_pod_container_status_waiting_reason", since(began + 30, 1), **waits))
    return series


OWN = {
    "alert": "OwnCrashes",
    "expr": 'max by (namespace, deployment) (kube_deployment_status_replicas{deployment="shop"} > 1) '
    "and on (namespace, deployment) kube_deployment_status_replicas_available < 2",
    "labels": {"metricops": "undo"},
}


def at_once() -> list[dict[str, Any]]:
    """The shipped rules without their `for`: the past has the series, but not the evaluations."""
    groups = yaml.safe_load(render_rule_file([release_readiness(undo=True)]))["groups"]
    return [{key: value for key, value in rule.items() if key != "for"} for rule in groups[0]["rules"]]


@pytest.fixture(scope="module")
def prometheus(monitoring: MonitoringBinaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backfilled]:
    series = [*deployment("shop", crashes=True), *deployment("cart", crashes=False)]
    with backfilled(monitoring, tmp_path_factory.mktemp("prometheus"), series, [*at_once(), OWN]) as found:
        source = PrometheusSource(SourceOptions(found.url))
        about = fired(found, "OwnCrashes")
        wait_until(
            lambda: source.standing(about, Phase.AWAITING_APPROVAL).alert is AlertState.ACTIVE, 30, "rules evaluated"
        )
        yield found


def fired(prometheus: Backfilled, name: str, of: str = "shop") -> Alert:
    return replace(labelled(alertname=name, deployment=of), starts_at=prometheus.at(-60))


def judged(prometheus: Backfilled, name: str, policy: EvidencePolicy) -> tuple[Decision, Evidence]:
    """What is decided about that alert, and the evidence for it."""
    began = prometheus.at(BEGAN)
    shop = workload(rollout_began=Interval(began, began), rollout_complete=False)
    alert = fired(prometheus, name)
    found = PrometheusSource(SourceOptions(prometheus.url)).evidence(alert, shop, prometheus.now)
    assert found is not None
    world = World(alert, prometheus.now, Defaults(evidence=policy), shop, evidence=found)
    return decide(world), found


@pytest.mark.parametrize("policy", EvidencePolicy)
def test_a_release_that_crashes_is_undone_on_evidence(prometheus: Backfilled, policy: EvidencePolicy) -> None:
    """None of its pods crashed before the rollout, one does since: that is an SLI."""
    decision, found = judged(prometheus, "DeploymentReleaseCrashes", policy)
    assert (found.shown, found.no_sli, found.bound) == (Shown.FIRING, "", Bound(0.0, Comparison.ABOVE))
    assert (found.before.answer, found.before.value) == (Answer.GOOD, 0.0)
    assert (found.since.answer, found.since.value) == (Answer.BAD, 1.0)
    assert decision.reason is reasons.UNDO, decision


def test_an_alert_without_an_sli_is_trusted_by_default(prometheus: Backfilled) -> None:
    """The clocks decide: it began after the rollout. The record says why the SLI was not looked at."""
    decision, found = judged(prometheus, "OwnCrashes", EvidencePolicy.TRUST_ALERT)
    assert (found.shown, found.before.answer, found.since.answer) == (Shown.FIRING, Answer.UNKNOWN, Answer.UNKNOWN)
    assert "'and'" in found.no_sli
    assert decision.reason is reasons.UNDO, decision


def test_an_alert_without_an_sli_is_refused_where_evidence_is_required(prometheus: Backfilled) -> None:
    decision, _ = judged(prometheus, "OwnCrashes", EvidencePolicy.REQUIRE_EVIDENCE)
    assert decision.reason is reasons.NO_EVIDENCE
    assert decision.detail == "unknown: before, since (the expression combines several with 'and')"


def test_a_release_that_starts_well_is_seen_to_be_good(prometheus: Backfilled) -> None:
    """As after an undo: the alert is absent, and the SLI has a value that is good."""
    alert = fired(prometheus, "DeploymentReleaseCrashes", of="cart")
    labels = {key: alert.labels[key] for key in ("namespace", "deployment", "metricops")}
    claimed_on = Evidence(Shown.FIRING, labels={**labels, "alertname": alert.name, "severity": "ticket"})
    found = PrometheusSource(SourceOptions(prometheus.url)).standing(alert, Phase.ROLLED_BACK, claimed_on)
    assert (found.alert, found.sli.answer, found.sli.value) == (AlertState.ABSENT, Answer.GOOD, 0.0)
    assert found.is_quiet
