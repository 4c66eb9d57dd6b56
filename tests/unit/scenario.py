"""The ordinary case as values: shop in prod, revision 2 is bad since a minute, revision 1 was good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from receiver.decision.evidence import Answer, Bound, Evidence, Observation, Shown
from receiver.decision.phases import Phase
from receiver.decision.templates import template_hash
from receiver.decision.values import (
    Alert,
    Defaults,
    Interval,
    Mode,
    NamespaceFacts,
    PastRollback,
    Revision,
    Workload,
    WorkloadRef,
    World,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ROLLOUT = NOW - timedelta(minutes=2)
ONSET = NOW - timedelta(minutes=1)
REF = WorkloadRef("Deployment", "prod", "shop")

LABELS = {"alertname": "ErrorBudgetBurn", "namespace": "prod", "deployment": "shop", "metricops": "undo"}


def alert(**changes: Any) -> Alert:
    base = Alert("firing", LABELS, {}, ONSET, "f1", group_key="g")
    return replace(base, **changes)


def labelled(**labels: str) -> Alert:
    """The alert with other labels; an empty value takes a label away."""
    return alert(labels={key: value for key, value in {**LABELS, **labels}.items() if value})


def template(image: str) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": "shop"}}, "spec": {"containers": [{"name": "shop", "image": image}]}}


def revision(number: int, image: str | None = None, *, earlier: tuple[int, ...] = (), **changes: Any) -> Revision:
    body = template(image or f"shop:{number}")
    base = Revision((*earlier, number), f"shop-{number}", body, template_hash(body), ROLLOUT)
    return replace(base, **changes)


V1 = revision(1, created_at=NOW - timedelta(days=3))
V2 = revision(2)


def workload(*revisions: Revision, **changes: Any) -> Workload:
    """A workload whose last revision is the current one."""
    history = revisions or (V1, V2)
    current = history[-1]
    base = Workload(
        ref=REF,
        uid="u-1",
        generation=7,
        labels={"metricops.dev/rollback": "enabled"},
        annotations={},
        template_hash=current.template_hash,
        revisions=tuple(sorted(history, key=lambda r: r.number)),
        current=current,
        rollout_began=Interval(ROLLOUT, ROLLOUT + timedelta(seconds=1)),
        rollout_complete=True,
        paused=False,
        template_writer="kubectl",
    )
    return replace(base, **changes)


def world(**changes: Any) -> World:
    base = World(alert=alert(), now=NOW, defaults=Defaults(), workload=workload())
    return replace(base, **changes)


def past(**changes: Any) -> PastRollback:
    """An earlier rollback of the same workload: revision 9 was undone an hour ago."""
    base = PastRollback(
        name="shop-9-0000000000",
        phase=Phase.RECOVERED,
        mode=Mode.ENABLED,
        fingerprint="other",
        starts_at=NOW - timedelta(hours=1),
        blamed_hash=template_hash(template("shop:9")),
        claimed_at=NOW - timedelta(hours=1),
        undone_at=NOW - timedelta(hours=1),
    )
    return replace(base, **changes)


def evidence(
    before: Answer | Observation = Answer.GOOD,
    since: Answer | Observation = Answer.BAD,
    shown: Shown = Shown.FIRING,
    **changes: Any,
) -> Evidence:
    """What a source says of a bad release: fires, good before, bad since."""
    base = Evidence(
        shown,
        active_at=ONSET,
        before=before if isinstance(before, Observation) else Observation(before, 0.0, ROLLOUT),
        since=since if isinstance(since, Observation) else Observation(since, 0.3, NOW),
        query="sli",
        bound=Bound(0.1),
    )
    return replace(base, **changes)


def namespace(labels: Mapping[str, str] | None = None, annotations: Mapping[str, str] | None = None) -> NamespaceFacts:
    return NamespaceFacts(labels or {}, annotations or {})
