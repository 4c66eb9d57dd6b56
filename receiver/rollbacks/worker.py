"""Take one Rollback a step further: read, judge by the state machine, act, write down."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from receiver import names
from receiver.cluster.api import Api
from receiver.cluster.events import tell
from receiver.decision import reasons
from receiver.decision.evidence import Evidence
from receiver.decision.phases import Phase
from receiver.decision.recovery import Standing
from receiver.decision.values import Alert, Workload, World
from receiver.logs import log
from receiver.metrics import Metrics
from receiver.rollbacks.after_undo import hangs
from receiver.rollbacks.budget import Budget
from receiver.rollbacks.conditions import conditions_after, with_conditions
from receiver.rollbacks.machine import is_finished, judges, next_step
from receiver.rollbacks.record import Rollback, age, restored_by_note
from receiver.rollbacks.steps import Finished, Move, Note, SendUndo, Timing, View, Wait
from receiver.rollbacks.store import LostRaceError, RollbackStore
from receiver.rollbacks.undoing import help_along
from receiver.rollbacks.world import Clock, WorldReader
from receiver.timestamps import format_time
from receiver.workloads.kind import UndoRefusedError, WorldMovedError
from receiver.workloads.registry import KINDS

MOST_STEPS = 20
FRESH = timedelta(seconds=2)
"""A world younger than this need not be read again before the undo: the guard of the PATCH tells if it has moved."""
MOST_WORLD_MOVES = 5
WARNING_PHASES = frozenset({Phase.NOT_RECOVERED, Phase.CONTESTED, Phase.FAILED, Phase.OVER_BUDGET, Phase.EXPIRED})


@dataclass(frozen=True, slots=True)
class Claim:
    """A record that has just been made, and the world that it was judged by."""

    rollback: Rollback
    world: World


class Worker:
    """Works on one record at a time; safe to use from several threads and replicas at once."""

    def __init__(
        self,
        api: Api,
        store: RollbackStore,
        reader: WorldReader,
        look: Callable[[Alert, Phase, Evidence | None], Standing],
        metrics: Metrics,
        *,
        timing: Timing,
        clock: Clock,
        budget: Budget,
        why_held: Callable[[Alert], str | None] | None = None,
    ) -> None:
        """`look` asks the source about an alert; the phase says whether the SLI counts. `why_held` says what holds an
        alert back at Alertmanager; None where no Alertmanager is known.
        """
        self._api = api
        self._store = store
        self._reader = reader
        self._look = look
        self._metrics = metrics
        self._timing = timing
        self._clock = clock
        self._budget = budget
        self._why_held = why_held

    def work(self, namespace: str, name: str, claim: Claim | None = None) -> datetime | None:
        """Go on with a record until it has to wait or is finished. `claim` is what has just been made of an alert, so
        that neither the record nor the world is read twice.

        Returns when to look again; None where nobody needs to. Raises `ApiError` where the API server did not do its
        part: look again a little later.
        """
        world_moves, lost_race = 0, False
        for _ in range(MOST_STEPS):
            rollback, fresh_world = self._taken_up(namespace, name, claim, fresh=lost_race)
            claim, lost_race = None, False
            if rollback is None or is_finished(rollback):
                return None
            try:
                view = self._view(rollback, fresh_world)
                step = next_step(rollback, view)
                if rollback.phase is Phase.UNDOING and not help_along(
                    self._api, rollback, view, step, self._reader.why_stopped
                ):
                    return self._clock() + self._timing.poll
                match step:
                    case Finished():
                        return None
                    case Wait(until):
                        return until
                    case Note():
                        self._note(rollback, step)
                    case Move():
                        self._move(rollback, step)
                    case SendUndo():
                        self._undo(rollback, view.world.workload)
            except LostRaceError:
                lost_race = True
            except WorldMovedError as error:
                world_moves += 1
                log("world moved before the undo", rollback=name, namespace=namespace, detail=str(error))
                if world_moves >= MOST_WORLD_MOVES:
                    self._fail(rollback, "world-moving", f"the workload changed {world_moves} times: {error}")
            except UndoRefusedError as error:
                self._fail(rollback, "undo-refused", str(error))
        return self._clock() + self._timing.poll

    def _taken_up(
        self, namespace: str, name: str, claim: Claim | None, *, fresh: bool
    ) -> tuple[Rollback | None, World | None]:
        """The record, and the world where it has just been read. Before an undo the record must not be an old one:
        unlike its own moves, the PATCH of a workload does not tell.
        """
        if claim is not None:
            is_fresh = self._clock() - claim.world.now < FRESH and claim.world.workload is not None
            return claim.rollback, claim.world if is_fresh else None
        rollback = None if fresh else self._store.known(namespace, name)
        if rollback is None or judges(rollback):
            rollback = self._store.get(namespace, name)
        return rollback, None

    def _view(self, rollback: Rollback, fresh_world: World | None) -> View:
        if not judges(rollback):
            world = self._reader.workload_alone(rollback.alert, rollback.ref)
            if rollback.phase is Phase.UNDOING:
                return View(world, Standing(), self._timing, self._blocked_by(rollback, world))
            return View(world, self._look(rollback.alert, rollback.phase, rollback.evidence), self._timing)
        old_claim = rollback.phase is Phase.CLAIMED and age(rollback, self._clock()) > self._timing.judge_again_after
        if fresh_world is not None:
            world = self._reader.again(fresh_world)
        else:
            world = self._reader.read(rollback.alert, rollback.ref, before_write=True)
        if old_claim or rollback.approval or rollback.moment("notBefore"):
            world = self._reader.with_dependencies(world, rollback.target_template, rollback.target_hash)
        # Only an old claim is judged on new evidence; a fresh one has just been, and the others have it behind them.
        world = self._reader.with_evidence(world) if old_claim else replace(world, evidence=rollback.evidence)
        fresh = rollback.phase is Phase.CLAIMED and not old_claim
        standing = Standing() if fresh else self._look(rollback.alert, rollback.phase, rollback.evidence)
        return View(world, standing, self._timing)

    def _blocked_by(self, rollback: Rollback, world: World) -> str:
        workload = world.workload
        if workload is None or workload.rollout_complete:
            return ""
        if not hangs(rollback, self._timing, world.now):
            return ""
        return KINDS[rollback.ref.kind].why_blocked(self._api, workload, world.now)

    def _undo(self, rollback: Rollback, workload: Workload | None) -> None:
        """Send the PATCH for the very workload that was judged: its generation is the guard."""
        if workload is None:
            raise WorldMovedError("the workload is gone")
        held = self._why_held(rollback.alert) if self._why_held else None
        if held is not None:
            self._move(rollback, Move(Phase.FAILED, reasons.SILENCED.word, held))
            return
        now = self._clock()
        target = next((r for r in workload.revisions if r.template_hash == rollback.target_hash), None)
        if target is None:
            raise UndoRefusedError(f"the target revision {rollback.target_number} no longer exists")
        over = self._budget.take(rollback)
        if over is not None:
            self._move(rollback, Move(Phase.OVER_BUDGET, reasons.OVER_BUDGET.word, over))
            return
        try:
            KINDS[rollback.ref.kind].undo(
                self._api, workload, target, rollback.target_template, restored_by_note(rollback, now)
            )
        except (WorldMovedError, UndoRefusedError):
            self._budget.give_back(rollback)
            raise
        self._metrics.alert_to_undo_seconds.observe(max(0.0, (now - rollback.alert.starts_at).total_seconds()))
        log("undo accepted", rollback=rollback.name, namespace=rollback.ref.namespace, workload=str(rollback.ref))
        moved = Move(Phase.UNDOING, "undo", "the undo was accepted", {"undoneAt": format_time(now)})
        self._move(rollback, moved)

    def _fail(self, rollback: Rollback, reason: str, message: str) -> None:
        try:
            self._move(rollback, Move(Phase.FAILED, reason, message))
        except LostRaceError:
            log("record moved by another", rollback=rollback.name, namespace=rollback.ref.namespace)

    def _note(self, rollback: Rollback, note: Note) -> None:
        fields = dict(note.fields)
        if note.conditions:
            fields["conditions"] = with_conditions(rollback, note.conditions, self._clock())
        self._store.note(rollback, **fields)

    def _move(self, rollback: Rollback, move: Move) -> None:
        now = self._clock()
        self._store.move(
            rollback,
            move.phase,
            reason=move.reason,
            message=move.message,
            attempt=rollback.attempt,
            conditions=conditions_after(rollback, move, now),
            **move.fields,
        )
        log(
            "rollback moved",
            level=logging.WARNING if move.phase in WARNING_PHASES else logging.INFO,
            rollback=rollback.name,
            namespace=rollback.ref.namespace,
            workload=str(rollback.ref),
            phase=str(move.phase),
            was=str(rollback.phase),
            reason=move.reason,
            detail=move.message,
            fingerprint=rollback.alert.fingerprint,
        )
        self._tell(rollback, move, now)

    def _tell(self, rollback: Rollback, move: Move, now: datetime) -> None:
        ref = rollback.ref
        about_workload = {"apiVersion": "apps/v1", "kind": ref.kind, "name": ref.name, "uid": rollback.workload_uid}
        about_record = {
            "apiVersion": names.API_VERSION,
            "kind": names.ROLLBACK_KIND,
            "name": rollback.name,
            "uid": rollback.uid,
        }
        for regarding in (about_workload, about_record):
            tell(
                self._api,
                {**regarding, "namespace": ref.namespace},
                reason=str(move.phase),
                message=f"{rollback.name}: {move.message} ({move.reason})",
                now=now,
                warning=move.phase in WARNING_PHASES,
            )


def retry_delay(failures: int) -> timedelta:
    """How long to wait after so many API failures in a row: doubling from 0.25 s up to 15 s."""
    return timedelta(seconds=min(15.0, 0.25 * 2 ** min(failures, 10)))
