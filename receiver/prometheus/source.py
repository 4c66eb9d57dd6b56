"""Ask a Prometheus HTTP API (Prometheus, Thanos, Mimir, VictoriaMetrics) about an alert: two requests at the most."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import urllib3

from receiver.decision.evidence import Evidence, Sample, Shown
from receiver.decision.phases import Phase
from receiver.decision.recovery import AlertState, Standing, sli_now
from receiver.decision.values import Alert, Workload
from receiver.prometheus.promql import Series, read_parts, without_name
from receiver.prometheus.questions import Questions, answered, questions
from receiver.prometheus.rules_answer import Reading, began_elsewhere, read_alert
from receiver.prometheus.sli import Sli

UpObserver = Callable[[bool], None]
Ask = Callable[[Questions], Mapping[str, list[Series]] | None]
"""Asks the questions about a rollout; None where there is no answer."""
LONGEST_IN_URL = 2048
FORM: Mapping[str, Mapping[str, Any]] = {"GET": {}, "POST": {"encode_multipart": False}}


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

    def evidence(self, alert: Alert, workload: Workload | None, now: datetime) -> Evidence | None:
        """Everything that a decision asks about an alert and its workload; None where no source is known.

        What isn't answered is unknown.
        """
        if not self._url:
            return None
        within = self._options.wide_fault_within
        return evidence_at(self._rules(), alert, workload, now, ask=self._range, wide_fault_within=within)

    def _rules(self) -> Mapping[str, Any] | None:
        return self._get("/api/v1/rules", type="alert") if self._url else None

    def _range(self, asked: Questions) -> dict[str, list[Series]] | None:
        answer = self._get(
            "/api/v1/query_range",
            query=asked.query,
            start=f"{asked.start.timestamp():.3f}",
            end=f"{asked.end.timestamp():.3f}",
            step=f"{asked.step.total_seconds():.3f}",
        )
        return read_parts(answer) if answer is not None else None

    def _get(self, path: str, **parameters: str) -> Mapping[str, Any] | None:
        answer: Any = None
        try:
            # Long queries don't fit into every proxy's longest URL.
            method = "POST" if len(parameters.get("query", "")) > LONGEST_IN_URL else "GET"
            response = self._pool.request(method, self._url + path, fields=parameters, **FORM[method])
            answer = json.loads(response.data) if response.status == 200 else None
        except (urllib3.exceptions.HTTPError, ValueError):
            answer = None
        usable = answer if isinstance(answer, dict) else None
        if self._on_answer is not None:
            self._on_answer(usable is not None)
        return usable


def evidence_at(
    answer: Mapping[str, Any] | None,
    alert: Alert,
    workload: Workload | None,
    now: datetime,
    *,
    ask: Ask,
    wide_fault_within: timedelta,
) -> Evidence:
    """What a source says at a moment: `answer` is its `/api/v1/rules` (None: no answer), `ask` its range query."""
    if answer is None:
        return Evidence(Shown.UNKNOWN)
    reading = read_alert(answer, alert)
    onset = reading.active_at or alert.starts_at
    elsewhere = began_elsewhere(answer, alert, onset, wide_fault_within)
    said = Evidence(
        reading.shown,
        reading.active_at,
        no_sli=reading.no_sli,
        began_elsewhere=elsewhere,
        labels=reading.labels,
    )
    if reading.sli is None or workload is None or workload.rollout_began is None:
        return said
    asked = questions(reading.sli, workload, workload.rollout_began, now)
    return answered(said, asked, ask(asked))


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
