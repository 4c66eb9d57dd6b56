"""Turn an alert into a decision, and a decision that claims into a durable Rollback."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from receiver.cluster.api import Api, ApiError
from receiver.cluster.events import tell
from receiver.decision import reasons
from receiver.decision.decide import decide, ignore_early
from receiver.decision.phases import Phase
from receiver.decision.reason import Verdict
from receiver.decision.values import Alert, Decision, Workload, World
from receiver.logs import log
from receiver.metrics import Metrics
from receiver.rollbacks.record import Rollback, new_rollback
from receiver.rollbacks.store import LostRaceError, RollbackStore
from receiver.rollbacks.worker import Claim
from receiver.rollbacks.world import Clock, WorldReader
from receiver.timestamps import format_time

EVIDENCE_MAY_CHANGE = (reasons.BEFORE_ROLLOUT, reasons.OUTSIDE_ATTRIBUTION_WINDOW, reasons.NO_EVIDENCE)
"""Refusals without evidence that the source's answer can take back."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided about an alert; `rollback` is the record that now stands for it, if there is one."""

    decision: Decision
    rollback: Rollback | None = None

    @property
    def record(self) -> str:
        """The name of the Rollback that stands for the alert; empty where there is none."""
        return self.rollback.name if self.rollback else self.decision.rollback


class Claimant:
    """Decides alerts. `on_claim` is told of each record that needs work, after it is durable.

    `watched` is the one namespace that the receiver has rights in; empty: all.
    """

    def __init__(
        self,
        api: Api,
        store: RollbackStore,
        reader: WorldReader,
        metrics: Metrics,
        *,
        clock: Clock,
        on_claim: Callable[[Claim], None],
        watched: str = "",
    ) -> None:
        self._api = api
        self._store = store
        self._reader = reader
        self._metrics = metrics
        self._clock = clock
        self._on_claim = on_claim
        self._watched = watched

    def handle(self, alert: Alert) -> Outcome:
        """Decide one alert. Raises `ApiError` where the world can't be read or the claim can't be written."""
        early = ignore_early(alert, self._watched)
        if isinstance(early, Decision):
            return Outcome(early)
        standing = self._store.standing_for(alert, early)
        if standing is not None:
            detail = f"{standing.name} is {standing.phase}"
            return Outcome(Decision(reasons.ALREADY_CLAIMED, detail, early, rollback=standing.name))
        world = self._reader.read(alert, early)
        decision = decide(world)
        if decision.claims or decision.reason in EVIDENCE_MAY_CHANGE:
            # The source is asked only where its answer matters: not for every alert, and not for duplicates.
            world = self._reader.with_evidence(world)
            decision = decide(world)
        if decision.claims and decision.target is not None:
            target = decision.target
            world = self._reader.with_dependencies(world, target.template, target.template_hash)
            decision = decide(world)
        if decision.reason is reasons.INVALID_POLICY and world.workload is not None:
            self._tell_invalid_policy(world.workload, decision, world.now)
        if not decision.claims or world.workload is None:
            return Outcome(decision)
        return self._claim(decision, world, world.workload)

    def _claim(self, decision: Decision, world: World, workload: Workload) -> Outcome:
        now = self._clock()
        rollback = self._store.create(new_rollback(decision, world.alert, workload, now, world.evidence))
        if rollback is None:
            rollback = self._claim_again(decision, workload, now)
        if rollback is None:
            return Outcome(
                replace(decision, reason=reasons.ALREADY_CLAIMED, detail=f"{decision.rollback} was claimed meanwhile")
            )
        self._metrics.alert_to_claim_seconds.observe(max(0.0, (now - world.alert.starts_at).total_seconds()))
        self._on_claim(Claim(rollback, world))
        return Outcome(decision, rollback)

    def _claim_again(self, decision: Decision, workload: Workload, now: datetime) -> Rollback | None:
        """A claim that ended without an undo may be made again: a guarded move of the same object."""
        existing = self._store.get(workload.ref.namespace, decision.rollback)
        if existing is None:
            raise ApiError(409, f"{decision.rollback} was there a moment ago, and is gone: judge again")
        if existing.workload_uid != workload.uid:
            return None
        if not existing.may_be_claimed_again:
            return None
        try:
            return self._store.move(
                existing,
                Phase.CLAIMED,
                attempt=existing.attempt + 1,
                attemptedAt=format_time(now),
                mode=str(decision.mode),
                reason=decision.reason.word,
                message=decision.detail,
            )
        except LostRaceError:
            return None

    def _tell_invalid_policy(self, workload: Workload, decision: Decision, now: datetime) -> None:
        ref = workload.ref
        tell(
            self._api,
            {
                "apiVersion": "apps/v1",
                "kind": ref.kind,
                "namespace": ref.namespace,
                "name": ref.name,
                "uid": workload.uid,
            },
            reason="InvalidPolicy",
            message=decision.detail,
            now=now,
            warning=True,
        )


def record_decision(alert: Alert, outcome: Outcome, metrics: Metrics, *, via: str = "delivery") -> None:
    """Count a decision and log it; what the resync finds decided already is no news."""
    decision = outcome.decision
    metrics.decisions[decision.reason.word].inc()
    known = via == "resync" and decision.verdict is Verdict.DUPLICATE
    log(
        "decision",
        level=logging.DEBUG if known else logging.INFO,
        reason=decision.reason.word,
        verdict=str(decision.verdict),
        detail=decision.detail,
        workload=str(decision.ref) if decision.ref else None,
        mode=str(decision.mode) if decision.mode else None,
        rollback=outcome.record,
        alert=alert.name,
        fingerprint=alert.fingerprint,
        starts_at=alert.starts_at.isoformat(),
        group=alert.group_key,
        via=via,
    )
