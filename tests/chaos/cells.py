"""The matrix: every step × every fault × before or after its effect, and how often each cell was hit."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.faults import Fault
from tests.chaos.steps import Step

SIGKILL = "SIGKILL"
SHARED_LEFT_ALONE = 0.5
FAULTS: tuple[str, ...] = (*Fault, SIGKILL)


@dataclass(frozen=True, slots=True)
class Cell:
    """One way to break one step."""

    step: Step
    fault: str
    after_effect: bool


class Matrix:
    """Hands out cells to rounds, the least hit first, and counts the hits."""

    def __init__(self, steps: Iterable[Step], wanted: int, seed: int) -> None:
        self.wanted = wanted
        self._random = random.Random(seed)  # noqa: S311 - what is random here must be repeatable
        self._lock = threading.Lock()
        self.hits: dict[Cell, int] = {
            Cell(step, fault, after): 0 for step in steps for fault in FAULTS for after in (False, True)
        }
        self._armed: dict[str, list[Cell]] = {}
        self._out: dict[Cell, int] = {}

    @property
    def open(self) -> int:
        """Cells that have not been hit often enough."""
        with self._lock:
            return sum(count < self.wanted for count in self.hits.values())

    def arm(self, namespace: str, most: int) -> None:
        """Choose what goes wrong for this workload in its next round."""
        with self._lock:
            of_rounds = {cell: n for cell, n in self.hits.items() if not cell.step.is_shared}
            candidates = (
                [cell for cell, n in of_rounds.items() if n + self._out.get(cell, 0) < self.wanted]
                or [cell for cell, n in of_rounds.items() if n < self.wanted]
                # A receiver that is killed over and over begins no watch that could still be broken.
                or [cell for cell in of_rounds if cell.fault != SIGKILL]
            )
            chosen = self._random.sample(candidates, min(most, len(candidates)))
            self._armed[namespace] = chosen
            for cell in chosen:
                self._out[cell] = self._out.get(cell, 0) + 1

    def disarm(self, namespace: str) -> None:
        """What did not come to pass goes back."""
        with self._lock:
            for cell in self._armed.pop(namespace, []):
                self._out[cell] -= 1

    def joins_kill(self, step: Step) -> Cell | None:
        """A receiver is about to be killed: the cell of a request that is killed with it; it is counted."""
        with self._lock:
            for after in (False, True):
                cell = Cell(step, SIGKILL, after)
                if self.hits.get(cell, self.wanted) < self.wanted:
                    self.hits[cell] += 1
                    return cell
        return None

    def due_for_all(self, step: Step, *, may_kill: bool) -> Cell | None:
        """What serves all rounds: every second one is broken, as long as cells are left."""
        with self._lock:
            short = [
                cell
                for cell, n in self.hits.items()
                if cell.step == step and n < self.wanted and (may_kill or cell.fault != SIGKILL)
            ]
            if not short or self._random.random() < SHARED_LEFT_ALONE:
                return None
            cell = self._random.choice(short)
            self.hits[cell] += 1
            return cell

    def due(self, namespace: str, step: Step, *, may_kill: bool) -> Cell | None:
        """The cell that is to be hit by this request; it is counted."""
        with self._lock:
            armed = self._armed.get(namespace, [])
            for cell in armed:
                if cell.step == step and (may_kill or cell.fault != SIGKILL):
                    armed.remove(cell)
                    self._out[cell] -= 1
                    self.hits[cell] += 1
                    return cell
        return None
