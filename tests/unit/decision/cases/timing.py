"""When the alert, the rollout and the opt-in were."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from receiver.decision.evidence import Observation
from receiver.decision.values import Interval, NamespaceFacts, World
from tests.unit.decision.cases.worlds import MODE, SECOND, Case, mode
from tests.unit.scenario import NOW, ONSET, ROLLOUT, alert, evidence, namespace, workload, world

OLD = Interval(NOW - timedelta(minutes=31), NOW - timedelta(minutes=30, seconds=1))
JUST_IN_TIME = Interval(NOW - timedelta(minutes=31), NOW - timedelta(minutes=30))
AGES_AGO = NOW - timedelta(minutes=30, seconds=1)
BEGAN = Interval(ROLLOUT, ROLLOUT + SECOND)


def label_written(at: datetime) -> tuple[dict[str, Any], ...]:
    """managedFields of an object whose opt-in label was written then, and another of its labels long before."""

    def entry(label: str, time: datetime) -> dict[str, Any]:
        fields: dict[str, Any] = {"f:metadata": {"f:labels": {".": {}, f"f:{label}": {}}}}
        return {"manager": f"writer of {label}", "operation": "Update", "time": time.isoformat(), "fieldsV1": fields}

    return entry("app", at - timedelta(days=1)), entry(MODE, at)


def opted_in(at: datetime, value: str = "enabled", **changes: Any) -> World:
    return world(workload=workload(labels={MODE: value}, managed_fields=label_written(at)), **changes)


def enabled_namespace(at: datetime, value: str = "enabled") -> NamespaceFacts:
    return NamespaceFacts({MODE: value}, {}, label_written(at))


TIMING: list[Case] = [
    (
        "too-late",
        world(workload=workload(rollout_began=OLD), alert=alert(starts_at=AGES_AGO)),
        world(workload=workload(rollout_began=JUST_IN_TIME), alert=alert(starts_at=AGES_AGO)),
    ),
    (
        "too-late",
        world(workload=workload(rollout_began=OLD), alert=alert(starts_at=AGES_AGO)),
        world(workload=workload(rollout_began=OLD), alert=alert(starts_at=AGES_AGO + SECOND)),
    ),
    (
        "too-late",
        world(workload=workload(rollout_began=OLD), alert=alert(starts_at=AGES_AGO)),
        world(
            workload=workload(rollout_began=OLD, annotations={"metricops.dev/act-within": "1h"}),
            alert=alert(starts_at=AGES_AGO),
        ),
    ),
    ("opted-in-later", opted_in(ONSET + SECOND), opted_in(ONSET)),
    # A release writes the label as well: what is as old as the rollout says nothing about the opt-in.
    (
        "opted-in-later",
        opted_in(BEGAN.latest + SECOND, alert=alert(starts_at=ROLLOUT)),
        opted_in(BEGAN.latest, alert=alert(starts_at=ROLLOUT)),
    ),
    ("opted-in-later", opted_in(ONSET + SECOND, "dry-run"), opted_in(ONSET + SECOND, "approve")),
    ("mode-paused", opted_in(ONSET + SECOND, "paused"), opted_in(ONSET)),
    (
        "opted-in-later",
        world(workload=mode(None), namespace=enabled_namespace(ONSET + SECOND)),
        world(workload=mode(None), namespace=enabled_namespace(ONSET)),
    ),
    # Both say so: the earlier one is enough.
    (
        "opted-in-later",
        opted_in(ONSET + SECOND, namespace=enabled_namespace(ONSET + SECOND)),
        opted_in(ONSET + SECOND, namespace=enabled_namespace(ONSET)),
    ),
    (
        "opted-in-later",
        opted_in(ONSET + SECOND, namespace=enabled_namespace(ONSET, "dry-run")),
        opted_in(ONSET, namespace=enabled_namespace(ONSET, "dry-run")),
    ),
    ("fired-while-stopped", world(released_at=ONSET + SECOND), world(released_at=ONSET)),
    ("fired-while-stopped", world(released_at=ONSET + SECOND, workload=mode("dry-run")), world()),
    ("approve", world(released_at=ONSET + SECOND, workload=mode("approve")), world()),
    ("before-rollout", world(alert=alert(starts_at=ROLLOUT - SECOND)), world(alert=alert(starts_at=ROLLOUT))),
    ("before-rollout", world(workload=workload(current=None, rollout_began=None)), world()),
    (
        "outside-attribution-window",
        world(workload=workload(annotations={"metricops.dev/attribution-window": "58s"})),
        world(workload=workload(annotations={"metricops.dev/attribution-window": "59s"})),
    ),
    (
        "outside-attribution-window",
        world(workload=workload(), namespace=namespace(annotations={"metricops.dev/attribution-window": "58s"})),
        world(
            workload=workload(annotations={"metricops.dev/attribution-window": "59s"}),
            namespace=namespace(annotations={"metricops.dev/attribution-window": "58s"}),
        ),
    ),
    (
        "before-rollout",
        world(evidence=evidence(active_at=ROLLOUT - SECOND, before=Observation())),
        world(evidence=evidence()),
    ),
    (
        # An alert that goes on since an earlier bad release does not protect a second one.
        "before-rollout",
        world(alert=alert(starts_at=ROLLOUT - SECOND), evidence=evidence(since=Observation())),
        world(alert=alert(starts_at=ROLLOUT - SECOND), evidence=evidence()),
    ),
    (
        # The SLI's own onset counts, however long the alert has gone on, or however late it came.
        "outside-attribution-window",
        world(
            workload=workload(annotations={"metricops.dev/attribution-window": "1m"}),
            alert=alert(starts_at=ROLLOUT - SECOND),
            evidence=evidence(onset=ROLLOUT + timedelta(seconds=62)),
        ),
        world(
            workload=workload(annotations={"metricops.dev/attribution-window": "1m"}),
            alert=alert(starts_at=ROLLOUT - SECOND),
            evidence=evidence(onset=ROLLOUT + timedelta(seconds=61)),
        ),
    ),
    (
        "outside-attribution-window",
        world(
            workload=workload(annotations={"metricops.dev/attribution-window": "30s"}),
            evidence=evidence(onset=ROLLOUT + timedelta(seconds=9), before=Observation()),
        ),
        world(
            workload=workload(annotations={"metricops.dev/attribution-window": "30s"}),
            evidence=evidence(onset=ROLLOUT + timedelta(seconds=9)),
        ),
    ),
]
