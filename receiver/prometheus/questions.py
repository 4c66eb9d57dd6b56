"""What is asked about a rollout in one range query, and what its answer says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from receiver.decision.earlier import earlier_release_ran_for
from receiver.decision.evidence import Count, Evidence, before_rollout, onset, since_rollout
from receiver.decision.values import Interval, Workload
from receiver.prometheus.pods import compared, pod_parts
from receiver.prometheus.promql import Series, askable, combined, pinned
from receiver.prometheus.sli import Sli

MOST_POINTS = 240
LEAST_STEP = timedelta(seconds=1)
LEAST_WINDOW = timedelta(seconds=30)
"""An SLI without a range, or with a short one, is looked for twice as long before the rollout."""
SLI_PART, FAILED_PART, EVENTS_PART = "sli", "failed", "events"


@dataclass(frozen=True, slots=True)
class Questions:
    """The questions about one rollout. `parts` are their queries by name.

    The query runs from `start` to `end` in whole steps of whole milliseconds; its last point is `end` itself.
    """

    sli: Sli
    workload: Workload
    window: timedelta
    began: Interval
    start: datetime
    end: datetime
    step: timedelta
    parts: Mapping[str, str]

    @property
    def query(self) -> str:
        """All parts as one query."""
        return combined(self.parts)


def questions(sli: Sli, workload: Workload, began: Interval, now: datetime) -> Questions:
    """What to ask now about a workload's rollout that began then."""
    ran = earlier_release_ran_for(workload)
    window = sli.window if ran is None or not sli.has_any_window else min(sli.window, max(ran, LEAST_STEP))
    end = now.replace(microsecond=now.microsecond // 1000 * 1000)
    reach = end - (began.earliest - 2 * max(window, LEAST_WINDOW))
    step = timedelta(milliseconds=math.ceil(max(LEAST_STEP, reach / MOST_POINTS) / timedelta(milliseconds=1)))
    points = max(1, -(-reach // step))
    parts = {SLI_PART: sli.over(window)}
    parts |= askable({**_counts(sli, began.latest, end), **pod_parts(sli, workload, began, end, step)})
    return Questions(sli, workload, window, began, end - points * step, end, step, parts)


def _counts(sli: Sli, began: datetime, end: datetime) -> dict[str, str]:
    """What counts failed and all events from one moment to another; nothing where that can't be asked."""
    if not sli.errors or end - began < LEAST_STEP:
        return {}
    errors, events = (pinned(expression, end - began, end) for expression in (sli.errors, sli.events))
    seconds = f"{(end - began).total_seconds():.3f}"
    return {
        FAILED_PART: f"(sum({errors}) or 0 * sum({events})) * {seconds}",
        EVENTS_PART: f"sum({events}) * {seconds}",
    }


def answered(said: Evidence, asked: Questions, answer: Mapping[str, list[Series]] | None) -> Evidence:
    """What was said, with what the source answers to the questions; None is no answer."""
    sli, began = asked.sli, asked.began
    said = replace(said, query=asked.parts[SLI_PART], bound=sli.bound)
    if answer is None:
        return replace(said, no_sli="the source did not answer the query")
    said = replace(said, count=_counted(answer, began.latest), side_by_side=compared(answer, asked.workload, began))
    series = [series for series in answer.get(SLI_PART, []) if sli.fits(series.labels)]
    if len(series) != 1:
        return replace(said, no_sli=f"{len(series)} series of the answer are this alert's, expected one")
    samples = series[0].samples
    return replace(
        said,
        before=before_rollout(samples, began.earliest, max(asked.window, asked.step), sli.bound),
        since=since_rollout(samples, began.latest, sli.bound),
        onset=onset(samples, sli.bound),
    )


def _counted(answer: Mapping[str, list[Series]], since: datetime) -> Count | None:
    """The numbers at the end of the range; None where one of them is missing."""
    numbers = []
    for part in (FAILED_PART, EVENTS_PART):
        series = answer.get(part, [])
        if len(series) != 1 or not series[0].samples or not math.isfinite(series[0].samples[-1].value):
            return None
        numbers.append(max(0, round(series[0].samples[-1].value)))
    failed, events = numbers
    return Count(failed, events, since)
