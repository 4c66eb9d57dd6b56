"""Ask a Prometheus HTTP API (Prometheus, Thanos, Mimir, VictoriaMetrics) about an alert: two requests at the most."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import urllib3

from receiver.decision.evidence import Evidence, Sample, Shown, before_rollout, since_rollout
from receiver.decision.phases import Phase
from receiver.decision.recovery import AlertState, Standing, sli_now
from receiver.decision.values import Alert, Interval
from receiver.prometheus.promql import Series, combined, read_parts, without_name
from receiver.prometheus.rules_answer import Reading, began_elsewhere, read_alert
from receiver.prometheus.sli import Sli

UpObserver = Callable[[bool], None]
MOST_POINTS = 240
LEAST_STEP = timedelta(seconds=1)
LEAST_WINDOW = timedelta(seconds=30)
"""An SLI without a range, or with a short one, is looked for twice as long before the rollout."""
SLI_PART = "sli"


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Where the source is, and how it is asked. An empty `url` means that none is known."""

    url: str
    timeout_seconds: float = 3.0
    wide_fault_within: timedelta = timedelta(minutes=5)


class PrometheusSource:
    """One source of alerts and metrics."""

    def __init__(self, options: SourceOptions, *, on_answer: UpObserver | None = None) -> None:
        self._options = options
        self._url = options.url.rstrip("/")
        timeout = urllib3.Timeout(connect=options.timeout_seconds, read=options.timeout_seconds)
        self._pool = urllib3.PoolManager(retries=False, timeout=timeout)
        self._on_answer = on_answer

    def standing(self, alert: Alert, phase: Phase, claimed_on: Evidence | None = None) -> Standing:
        """Whether the alert is active now, and where it is absent after an undo, how the SLI is: by an instant query.

        `claimed_on` is what the source said when the alert was active. UNKNOWN without an answer, or without a healthy
        rule of that name.
        """
        answer = self._rules()
        if answer is None:
            return Standing()
        reading = read_alert(answer, alert, claimed_on.labels if claimed_on else None)
        state, sli = state_of(reading), reading.sli
        if sli is None:
            return Standing(state, lingers=reading.lingers)
        sample = None
        if phase is Phase.ROLLED_BACK and state is AlertState.ABSENT:
            instant = self._get("/api/v1/query", query=sli.query)
            sample = read_sample(instant, sli) if instant is not None else None
        return Standing(state, sli_now(sample, sli.bound), sli.bound, sli.window, reading.lingers)

    def evidence(self, alert: Alert, began: Interval | None, now: datetime) -> Evidence | None:
        """Everything that a decision asks about an alert; None where no source is known.

        `began` is when the rollout of the current revision began. What isn't answered is unknown.
        """
        if not self._url:
            return None
        answer = self._rules()
        if answer is None:
            return Evidence(Shown.UNKNOWN)
        reading = read_alert(answer, alert)
        onset = reading.active_at or alert.starts_at
        elsewhere = began_elsewhere(answer, alert, onset, self._options.wide_fault_within)
        said = Evidence(
            reading.shown,
            reading.active_at,
            no_sli=reading.no_sli,
            began_elsewhere=elsewhere,
            labels=reading.labels,
        )
        if reading.sli is None or began is None:
            return said
        return self._asked(said, reading.sli, began, now)

    def _asked(self, said: Evidence, sli: Sli, began: Interval, now: datetime) -> Evidence:
        start = began.earliest - 2 * max(sli.window, LEAST_WINDOW)
        step = max(LEAST_STEP, (now - start) / MOST_POINTS)
        parts = self._range(combined({SLI_PART: sli.query}), start, now, step)
        series = [series for series in parts.get(SLI_PART, []) if sli.fits(series.labels)]
        samples = series[0].samples if len(series) == 1 else ()
        return replace(
            said,
            before=before_rollout(samples, began.earliest, max(sli.window, step), sli.bound),
            since=since_rollout(samples, began.latest, sli.bound),
            query=sli.query,
            bound=sli.bound,
            no_sli=f"{len(series)} series of the answer are this alert's, expected one" if len(series) != 1 else "",
        )

    def _rules(self) -> Mapping[str, Any] | None:
        return self._get("/api/v1/rules", type="alert") if self._url else None

    def _range(self, query: str, start: datetime, end: datetime, step: timedelta) -> dict[str, list[Series]]:
        # The last point is the end itself: Prometheus' steps begin at the start.
        points = max(1, int((end - start) / step))
        answer = self._get(
            "/api/v1/query_range",
            query=query,
            start=f"{(end - points * step).timestamp():.3f}",
            end=f"{end.timestamp():.3f}",
            step=f"{step.total_seconds():.3f}",
        )
        return read_parts(answer) if answer is not None else {}

    def _get(self, path: str, **parameters: str) -> Mapping[str, Any] | None:
        answer: Any = None
        try:
            response = self._pool.request("GET", self._url + path, fields=parameters)
            answer = json.loads(response.data) if response.status == 200 else None
        except (urllib3.exceptions.HTTPError, ValueError):
            answer = None
        usable = answer if isinstance(answer, dict) else None
        if self._on_answer is not None:
            self._on_answer(usable is not None)
        return usable


def read_sample(answer: Mapping[str, Any], sli: Sli) -> Sample | None:
    """The sample of an instant query of which one series is the SLI's, or a scalar; else None."""
    try:
        result = answer["data"]["result"]
        if answer["data"]["resultType"] == "vector":
            (result,) = (series["value"] for series in result if sli.fits(without_name(series["metric"])))
        at, value = result
        return Sample(datetime.fromtimestamp(float(at), UTC), float(value))
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
        return None


def state_of(reading: Reading) -> AlertState:
    """Whether an alert is still active.

    Pending counts as active: its expression is true. A rule that is not loaded, or not healthy, says nothing.
    """
    if reading.active_at is not None:
        return AlertState.ACTIVE
    return AlertState.ABSENT if reading.rule_is_healthy else AlertState.UNKNOWN
