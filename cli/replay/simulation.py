"""The receiver over recorded data: every alert in its turn, with the records so far, judged by its own `decide`.

The receiver judges an alert when it is delivered and again while it stays active. Here that is when it fires, some
times after that, and so again after each rollout of its workload.
"""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from cli.replay.alerts import Evaluated
from cli.replay.episodes import Episode
from cli.replay.records import Records
from cli.replay.timeline import Timeline
from receiver.decision import reasons
from receiver.decision.budget import Limits
from receiver.decision.decide import decide, ignore_early
from receiver.decision.evidence import Evidence
from receiver.decision.phases import Phase
from receiver.decision.values import Alert, Decision, Defaults, Workload, WorkloadRef, World
from receiver.rollbacks.claims import EVIDENCE_MAY_CHANGE
from receiver.rollbacks.record import Rollback

LOOKS = tuple(timedelta(seconds=s) for s in (0, 30, 60, 120, 240, 480, 960, 1800))
"""When an active alert is judged, after it fired and after a rollout of its workload."""
AskThen = Callable[[Alert, Workload, datetime], Evidence]
"""What the source would have said of an alert and its workload at a moment."""


class Outcome(StrEnum):
    """What would have become of an alert."""

    UNDONE = "undone"
    DEFERRED = "deferred"
    REFUSED = "refused"
    IGNORED = "ignored"
    DUPLICATE = "duplicate"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One decision: `reason` is the receiver's word, empty where the data do not say enough to judge."""

    at: datetime
    workload: WorkloadRef | None
    alert: Alert
    outcome: Outcome
    reason: str
    detail: str
    rollback: str = ""
    evidence: Evidence | None = None


class Simulation:
    """Goes through the episodes of all alerts in the order of time. `ask` raises whatever it raises."""

    def __init__(
        self,
        evaluated: Sequence[Evaluated],
        timelines: Mapping[WorkloadRef, Timeline],
        ask: AskThen,
        *,
        defaults: Defaults,
        limits: Limits,
    ) -> None:
        self._evaluated = evaluated
        self._timelines = timelines
        self._ask = ask
        self._defaults = defaults
        self._records = Records(limits)
        self._due: list[tuple[datetime, int, Callable[[datetime], Judgement | None]]] = []
        self._planned = 0

    def run(self, since: datetime, until: datetime, progress: Callable[[str], None]) -> list[Judgement]:
        """All decisions about alerts that fired in that time, the earliest first: of those about one alert that give
        the same reason in a row, the first.
        """
        for one in self._evaluated:
            for episode in one.episodes:
                if since <= episode.starts_at <= until:
                    self._plan(episode, until)
        found: list[Judgement] = []
        while self._due:
            moment, _, judge = heapq.heappop(self._due)
            progress(f"judging what fired by {moment:%Y-%m-%d %H:%M}")
            judgement = judge(moment)
            if judgement is not None:
                found.append(judgement)
        return found

    def _plan(self, episode: Episode, until: datetime) -> None:
        alert = alert_of(episode)
        early = ignore_early(alert)
        timeline = self._timelines.get(early) if isinstance(early, WorkloadRef) else None
        follower = _Follower()
        starts = [episode.starts_at, *(timeline.began_after(episode.starts_at) if timeline else ())]
        for moment in sorted({start + look for start in starts for look in LOOKS}):
            if moment <= until and episode.fires_at(moment):

                def judge(now: datetime) -> Judgement | None:
                    return follower.news(self._judged(alert, episode, now))

                self._at(moment, judge)

    def _at(self, moment: datetime, judge: Callable[[datetime], Judgement | None]) -> None:
        # Of several at one moment, the one that was planned first.
        self._planned += 1
        heapq.heappush(self._due, (moment, self._planned, judge))

    def _judged(self, alert: Alert, episode: Episode, now: datetime) -> Judgement:
        ref = ignore_early(alert)
        if isinstance(ref, Decision):
            return self._told(alert, ref, now)
        workload = self._workload(ref, now)
        if workload is None:
            return Judgement(now, ref, alert, Outcome.UNKNOWN, "", "no rollout of it is known by then")
        world = self._world(alert, workload, now)
        decision = decide(world)
        if decision.claims or decision.reason in EVIDENCE_MAY_CHANGE:
            world = replace(world, evidence=self._ask(alert, workload, now))
            decision = decide(world)
        if not decision.claims:
            return self._told(alert, decision, now, world.evidence)
        rollback = self._records.claim(decision, alert, workload, now, world.evidence)
        rollback = self._records.go_on(rollback, world, alert_is_active=True)
        self._wait_for(rollback, episode)
        return _of_record(rollback, now, world.evidence)

    def _wait_for(self, rollback: Rollback, episode: Episode) -> None:
        not_before = rollback.moment("notBefore")
        if rollback.phase is not Phase.DEFERRED or not_before is None:
            return

        def judge(now: datetime) -> Judgement | None:
            workload = self._workload(rollback.ref, now)
            if workload is None:
                return None
            world = self._world(rollback.alert, workload, now)
            active = episode.fires_at(now)
            if active:
                world = replace(world, evidence=self._ask(rollback.alert, workload, now))
            after = self._records.go_on(rollback, world, alert_is_active=active)
            self._wait_for(after, episode)
            return _of_record(after, now, world.evidence)

        self._at(not_before, judge)

    def _workload(self, ref: WorkloadRef, now: datetime) -> Workload | None:
        timeline = self._timelines.get(ref)
        return timeline.workload_at(now) if timeline else None

    def _world(self, alert: Alert, workload: Workload, now: datetime) -> World:
        return World(
            alert=alert,
            now=now,
            defaults=self._defaults,
            workload=workload,
            rollbacks=self._records.of_workload(workload.ref),
            over_budget=self._records.why_over_budget(workload.ref.namespace, now),
        )

    @staticmethod
    def _told(alert: Alert, decision: Decision, now: datetime, evidence: Evidence | None = None) -> Judgement:
        outcome = Outcome(str(decision.verdict))
        word = decision.reason.word
        return Judgement(now, decision.ref, alert, outcome, word, decision.detail, decision.rollback, evidence)


class _Follower:
    """What was last said about one alert, so that it is not said twice."""

    def __init__(self) -> None:
        self._last: str | None = None
        self._claimed = ""

    def news(self, judgement: Judgement) -> Judgement | None:
        """The judgement, or None where it is none: the same again, its own claim, or merely late."""
        if judgement.outcome is Outcome.DUPLICATE and judgement.rollback == self._claimed:
            return None
        if judgement.reason == self._last or (self._last is not None and judgement.reason == reasons.TOO_LATE.word):
            return None
        self._last = judgement.reason
        if judgement.outcome in (Outcome.UNDONE, Outcome.DEFERRED):
            self._claimed = judgement.rollback
        return judgement


def alert_of(episode: Episode) -> Alert:
    """The alert as Alertmanager would have delivered it."""
    name = json.dumps(sorted(episode.labels.items()))
    fingerprint = hashlib.sha256(name.encode()).hexdigest()[:16]
    return Alert("firing", episode.labels, {}, episode.starts_at, fingerprint)


def blamed_workloads(evaluated: Iterable[Evaluated]) -> set[WorkloadRef]:
    """The workloads that the alerts name."""
    found = {ignore_early(alert_of(episode)) for one in evaluated for episode in one.episodes}
    return {ref for ref in found if isinstance(ref, WorkloadRef)}


def _of_record(rollback: Rollback, now: datetime, evidence: Evidence | None) -> Judgement:
    outcomes = {Phase.RECOVERED: Outcome.UNDONE, Phase.DEFERRED: Outcome.DEFERRED}
    outcome = outcomes.get(rollback.phase, Outcome.REFUSED)
    detail = (
        f"revision {rollback.blamed_number} ({rollback.blamed_hash}) to "
        f"revision {rollback.target_number} ({rollback.target_hash})"
        if outcome is Outcome.UNDONE
        else str(rollback.status.get("message") or "")
    )
    return Judgement(now, rollback.ref, rollback.alert, outcome, rollback.reason, detail, rollback.name, evidence)
