"""Keep every unfinished Rollback going: a delaying work queue, some threads, and a sweep that finds what was left."""

from __future__ import annotations

import heapq
import logging
import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from receiver.cluster.api import ApiError
from receiver.decision.phases import Phase
from receiver.logs import log
from receiver.metrics import Metrics
from receiver.rollbacks.budget import Budget
from receiver.rollbacks.machine import is_finished
from receiver.rollbacks.record import Rollback, age
from receiver.rollbacks.store import RollbackStore
from receiver.rollbacks.worker import Claim, Worker, retry_delay
from receiver.rollbacks.world import Clock, WorldReader

Key = tuple[str, str]
OTHERS_CLAIM_GRACE = timedelta(seconds=5)


def fair_order(rollbacks: list[Rollback]) -> list[Rollback]:
    """The order in which found records are worked on: those whose undo is outstanding first, else by lot.

    In an order that is always the same, a receiver that is killed again and again would never come to the last ones.
    """
    by_lot = random.sample(rollbacks, len(rollbacks))
    return sorted(by_lot, key=lambda rollback: rollback.phase is not Phase.CLAIMED)


class Driver:
    """Runs the worker over the records; a record is in one thread's hands at a time."""

    def __init__(
        self,
        store: RollbackStore,
        reader: WorldReader,
        worker: Worker,
        metrics: Metrics,
        *,
        clock: Clock,
        sweep_every: timedelta,
        budget: Budget,
        prune: Callable[[list[Rollback], datetime], None],
        threads: int = 4,
    ) -> None:
        self._store = store
        self._reader = reader
        self._worker = worker
        self._metrics = metrics
        self._clock = clock
        self._sweep_every = sweep_every
        self._budget = budget
        self._prune = prune
        self._claims: dict[Key, Claim] = {}
        self._left: set[str] = set()
        self._condition = threading.Condition()
        self._due: list[tuple[datetime, Key]] = []
        self._queued: dict[Key, datetime] = {}
        self._busy: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._stopping = False
        # The sweep waits elsewhere: a thread that was woken for a record and does not take it would lose the record.
        self._stopped = threading.Event()
        self._swept = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"worker-{number}", daemon=True) for number in range(threads)
        ]
        self._threads.append(threading.Thread(target=self._sweep_forever, name="sweep", daemon=True))

    def start(self) -> None:
        """Start the threads; the first sweep begins at once."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_seconds: float = 5.0) -> None:
        """Let each thread finish the step in hand, then end. What is left is found again at the next start."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        self._stopped.set()
        for thread in self._threads:
            thread.join(timeout_seconds)

    @property
    def has_swept(self) -> bool:
        """Whether the records could be listed at least once."""
        return self._swept.is_set()

    def enqueue(self, claim: Claim) -> None:
        """Work on this claim as soon as a thread is free."""
        self._claims[claim.rollback.key] = claim
        self._enqueue(claim.rollback.key, self._clock())

    def changed(self, rollback: Rollback) -> None:
        """Somebody else wrote this record: one that waits here is looked at now."""
        with self._condition:
            waits = rollback.key in self._queued
        if waits:
            self._enqueue(rollback.key, self._clock())

    def sweep(self) -> None:
        """Look at all records once: queue what is unfinished, show the gauges, let old ones go. Raises `ApiError`."""
        rollbacks = self._store.all()
        now = self._clock()
        for place, rollback in enumerate(fair_order(rollbacks)):
            own = rollback.key in self._queued or rollback.key in self._busy
            # A fresh claim is most likely in the hands of the replica that made it.
            if (
                not is_finished(rollback)
                and not own
                and (not self.has_swept or age(rollback, now) > OTHERS_CLAIM_GRACE)
            ):
                self._enqueue(rollback.key, now + place * timedelta(microseconds=1))
        self._metrics.records.show(rollbacks, self._still_restored(rollbacks))
        self._swept.set()
        self._look_at_budget()
        self._prune(rollbacks, now)

    def _look_at_budget(self) -> None:
        try:
            self._budget.look()
        except ApiError as error:
            log("budget not read", level=logging.WARNING, error=str(error))

    def _still_restored(self, rollbacks: list[Rollback]) -> list[Rollback]:
        """Per workload the latest record whose restored template is what runs now."""
        latest: dict[object, Rollback] = {}
        for rollback in sorted(rollbacks, key=lambda r: r.undone_at or r.claimed_at):
            if rollback.undone_at is not None:
                latest[rollback.ref] = rollback
        self._left &= {rollback.uid for rollback in latest.values()}
        restored = []
        for rollback in latest.values():
            # A restored release that was left once is done with: whoever brings it back has released it.
            if rollback.uid not in self._left and self._runs_target(rollback):
                restored.append(rollback)
            else:
                self._left.add(rollback.uid)
        return restored

    def _runs_target(self, rollback: Rollback) -> bool:
        workload = self._reader.workload(rollback.ref)
        return workload is not None and workload.template_hash == rollback.target_hash

    def _enqueue(self, key: Key, when: datetime) -> None:
        with self._condition:
            if key in self._queued and self._queued[key] <= when:
                return
            self._queued[key] = when
            heapq.heappush(self._due, (when, key))
            self._condition.notify()

    def _take(self) -> Key | None:
        """The next record that is due and in nobody's hands; None when stopping."""
        with self._condition:
            while not self._stopping:
                while self._due and self._queued.get(self._due[0][1]) != self._due[0][0]:
                    heapq.heappop(self._due)  # Superseded by an earlier entry of the same record.
                if not self._due:
                    self._condition.wait()
                    continue
                when, key = self._due[0]
                remaining = (when - self._clock()).total_seconds()
                if remaining > 0:
                    self._condition.wait(remaining)
                    continue
                heapq.heappop(self._due)
                del self._queued[key]
                if key in self._busy:
                    self._enqueue(key, self._clock() + timedelta(milliseconds=100))
                    continue
                self._busy.add(key)
                return key
        return None

    def _run(self) -> None:
        while (key := self._take()) is not None:
            again: datetime | None = None
            try:
                again = self._worker.work(*key, self._claims.pop(key, None))
                self._failures.pop(key, None)
            except ApiError as error:
                failures = self._failures[key] = self._failures.get(key, 0) + 1
                again = self._clock() + retry_delay(failures)
                log("step failed", level=logging.WARNING, namespace=key[0], rollback=key[1], error=str(error))
            except Exception:
                again = self._clock() + retry_delay(10)
                logging.getLogger("metricops").exception("step failed unexpectedly: %s/%s", *key)
            finally:
                with self._condition:
                    self._busy.discard(key)
            if again is not None:
                self._enqueue(key, again)

    def _sweep_forever(self) -> None:
        failures = 0
        while True:
            try:
                self.sweep()
                failures = 0
            except ApiError as error:
                failures += 1
                self._metrics.sweep_failures.inc()
                log("sweep failed", level=logging.WARNING, error=str(error))
            except Exception:
                failures += 1
                self._metrics.sweep_failures.inc()
                logging.getLogger("metricops").exception("sweep failed unexpectedly")
            pause = min(self._sweep_every, retry_delay(failures)) if failures else self._sweep_every
            if self._stopped.wait(pause.total_seconds()):
                return
