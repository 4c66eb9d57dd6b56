"""(b) From firing in Prometheus to the accepted undo: quiet, and while a thousand other alerts arrive."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import urllib3

from bench.audit_trail import Call
from bench.figures import Figure, Goal, median, percentile, shown
from bench.floor import measure_floor
from bench.scene import NAMESPACE, Scene
from receiver import names
from receiver.cluster.api import object_path
from receiver.timestamps import format_time, parse_time
from rules.names import BURN_ALERT, UNDO_LABEL, UNDO_VALUE
from sandbox.process import wait_until
from sandbox.receiver_process import ReceiverProcess

QUIET, QUICK_QUIET = 20, 5
STORMS, QUICK_STORMS = 12, 3
STORM_ALERTS = 1000
MOST_ABOVE_MEDIAN_MS = 50.0
MOST_ABOVE_P99_MS = 250.0
UNDO_SECONDS = 60.0
DRAIN_SECONDS = 60.0
INTERVAL = timedelta(seconds=1)
"""Of scrapes and evaluations."""
AHEAD = timedelta(milliseconds=100)
"""So long before the expected evaluation a storm is handed to Alertmanager, which takes about that to pass it on."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One undo: seconds from firing to the accepted PATCH, and the storm's requests in between."""

    seconds: float
    storm_calls: int


def measure(scene: Scene, *, quick: bool) -> list[Figure]:
    """Some undos one after the other, then as many in a storm each."""
    settled = scene.settled_alerts()
    quiet_ones = [f"quiet-{number:02}" for number in range(QUICK_QUIET if quick else QUIET)]
    stormy_ones = [f"stormy-{number:02}" for number in range(QUICK_STORMS if quick else STORMS)]
    scene.add_workloads([*quiet_ones, *stormy_ones, "floor"])
    floor = measure_floor(scene, "floor")
    scene.progress(f"the floor is {shown(1000 * floor.seconds)} ms: {floor}")
    with scene.receiver() as receiver:
        quiet = [_sample(scene, receiver, workload) for workload in quiet_ones]
        scene.progress(f"quiet, above the floor: {_told(quiet, floor.seconds)}")
        storms = Storms(scene, settled)
        stormy: list[Sample] = []
        for number, workload in enumerate(stormy_ones):
            stormy.append(_sample(scene, receiver, workload, partial(storms.begin, number)))
            storms.end()
            _drain(scene)
        refused = _refused_as_overload(receiver)
        scene.progress(f"in a storm, above the floor: {_told(stormy, floor.seconds)}")
    return [
        Figure(
            "b",
            "floor: group_wait and a round trip per request",
            1000 * floor.seconds,
            "ms",
            note=str(floor),
            details={"milliseconds": {what: 1000 * seconds for what, seconds in floor.round_trips.items()}},
        ),
        *_figures("quiet", quiet, floor.seconds),
        *_figures(
            f"storm of {STORM_ALERTS:,} alerts", stormy, floor.seconds, f"; {refused} deliveries told to come again"
        ),
    ]


class Storms:
    """A thousand alerts at once, through Alertmanager: duplicates of settled rollbacks, and workloads that are not."""

    def __init__(self, scene: Scene, settled: Sequence[dict[str, Any]]) -> None:
        self._scene = scene
        self._settled = settled
        self._current: list[dict[str, Any]] = []

    def begin(self, number: int, at: datetime) -> None:
        """Hand the alerts to Alertmanager at this moment."""
        now = format_time(datetime.now(UTC))
        known = [{"labels": alert["labels"], "startsAt": alert["startsAt"]} for alert in self._settled]
        labels = {"alertname": BURN_ALERT, "namespace": NAMESPACE, UNDO_LABEL: UNDO_VALUE}
        unknown = [
            {"labels": {**labels, "deployment": f"nowhere-{number}-{index}"}, "startsAt": now}
            for index in range(STORM_ALERTS - len(known))
        ]
        self._current = [*known, *unknown]
        body = _body(self._current)
        time.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds()))
        self._post(body)

    def end(self) -> None:
        """Let them be resolved."""
        ended = format_time(datetime.now(UTC))
        self._post(_body([{**alert, "endsAt": ended} for alert in self._current]))

    def _post(self, body: bytes) -> None:
        url = f"{self._scene.monitoring.alertmanager_url}/api/v2/alerts"
        answer = urllib3.request("POST", url, body=body, headers={"Content-Type": "application/json"})
        if answer.status != 200:
            raise RuntimeError(f"POST {url}: {answer.status} {answer.data[:300]!r}")


def _body(alerts: Sequence[dict[str, Any]]) -> bytes:
    return json.dumps(alerts).encode()


def _sample(
    scene: Scene,
    receiver: ReceiverProcess,
    workload: str,
    storm: Callable[[datetime], None] | None = None,
) -> Sample:
    scene.trail.new_calls()
    expected = _switch_on(scene, workload)
    if storm is not None:
        storm(expected - AHEAD)
    seen: list[Call] = []

    def accepted() -> bool:
        seen.extend(scene.trail.new_calls())
        return any(call.undoes and call.name == workload for call in seen)

    scene.wait_for_undo(accepted, receiver, workload, UNDO_SECONDS)
    scene.exporter.switch([workload], 0.0)
    undo = next(call for call in seen if call.undoes and call.name == workload)
    fired = _fired(scene, workload)
    storm_calls = sum(call.name.startswith("nowhere-") and fired <= call.received <= undo.received for call in seen)
    scene.wait_until_settled([workload])
    return Sample((undo.answered - fired).total_seconds(), storm_calls)


def _switch_on(scene: Scene, workload: str) -> datetime:
    """Switch the metric just after a scrape; returns when the rule is expected to be evaluated on the new value."""
    group = next(group for group in scene.monitoring.rules() if group["name"] == workload)
    evaluated = parse_time(group["lastEvaluation"])
    found = scene.monitoring.value(f'timestamp(bench_error_ratio{{deployment="{workload}"}})')
    scraped = datetime.fromtimestamp(found or 0, UTC)
    now = datetime.now(UTC)
    due = scraped + INTERVAL * (1 + (now - scraped) // INTERVAL)
    time.sleep((due - now + AHEAD).total_seconds())
    scene.exporter.switch([workload], 1.0)
    next_scrape = due + INTERVAL
    return evaluated + INTERVAL * (1 + (next_scrape - evaluated) // INTERVAL)


def _fired(scene: Scene, workload: str) -> datetime:
    """When Prometheus says that the alert fired: the rule has no `for`, so it is when the expression became true."""
    items = scene.api.get(object_path(names.API_VERSION, names.ROLLBACKS, NAMESPACE))["items"]
    record = next(item for item in items if item["spec"]["workload"]["name"] == workload)
    return parse_time(record["spec"]["alert"]["startsAt"])


def _drain(scene: Scene) -> None:
    """Wait until Alertmanager has no alert of the storm left to tell, and the receiver asks nothing more."""

    def quiet() -> bool:
        active = scene.monitoring.get(scene.monitoring.alertmanager_url + "/api/v2/alerts/groups")
        return not active and not [call for call in scene.trail.new_calls() if call.verb != "watch"]

    wait_until(quiet, DRAIN_SECONDS, "the storm is over", every=1.0)


def _told(samples: Sequence[Sample], floor: float) -> str:
    above = [1000 * (sample.seconds - floor) for sample in samples]
    return f"median {shown(median(above))} ms, p99 {shown(percentile(above, 0.99))} ms"


def _refused_as_overload(receiver: ReceiverProcess) -> int:
    """Deliveries that the receiver answered with 503 so far."""
    lines = [line for line in receiver.metrics().splitlines() if 'outcome="overload"' in line]
    return round(sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("metricops_deliveries_total")))


def _figures(what: str, samples: Sequence[Sample], floor: float, more: str = "") -> list[Figure]:
    above = [1000 * (sample.seconds - floor) for sample in samples]
    calls = [sample.storm_calls for sample in samples]
    note = f"{len(samples)} undos, {shown(min(above))} to {shown(max(above))} ms above the floor"
    if any(calls):
        note += f"; {shown(median(calls))} requests of the storm came in between{more}"
    details = {"aboveFloorMs": above, "stormCalls": calls}
    return [
        Figure("b", f"above the floor, {what}, median", median(above), "ms", Goal(MOST_ABOVE_MEDIAN_MS), note, details),
        Figure("b", f"above the floor, {what}, p99", percentile(above, 0.99), "ms", Goal(MOST_ABOVE_P99_MS), note),
    ]
