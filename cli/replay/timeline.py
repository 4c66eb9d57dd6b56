"""The rollouts of a workload in the past, and the workload as the receiver would have seen it then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from receiver import names
from receiver.decision.values import Interval, Mode, Revision, Workload, WorkloadRef
from receiver.workloads.revisions import without_completion_after


@dataclass(frozen=True, slots=True)
class Rollout:
    """From then on the workload's template was this revision's: a ReplicaSet's or ControllerRevision's name."""

    began: Interval
    revision: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """What is known of a workload's rollouts, the earliest first; two in a row are of different revisions.

    `source` says in words where from, and what that cannot tell. `gone_at` is when a revision was seen no more, for
    those of which that is known; `serving` gives the revisions that had pods at a moment, None where it is not known.
    """

    ref: WorkloadRef
    rollouts: tuple[Rollout, ...]
    source: str
    gone_at: Mapping[str, datetime] = field(default_factory=dict)
    serving: Callable[[datetime], frozenset[str] | None] = lambda _: None

    def began_after(self, moment: datetime) -> list[datetime]:
        """By when each later rollout had begun."""
        return [rollout.began.latest for rollout in self.rollouts if rollout.began.latest > moment]

    def workload_at(self, moment: datetime) -> Workload | None:
        """The workload at a moment, opted in; None where no rollout is known by then.

        Its revisions are numbered from the first rollout that is known; their templates are empty, and told apart by
        the revision's name.
        """
        past = [rollout for rollout in self.rollouts if rollout.began.latest <= moment]
        if not past:
            return None
        revisions: dict[str, Revision] = {}
        for number, rollout in enumerate(past, 1):
            known = revisions.get(rollout.revision)
            revisions[rollout.revision] = (
                replace(known, numbers=(*known.numbers, number))
                if known
                else Revision((number,), rollout.revision, {}, rollout.revision, rollout.began.earliest)
            )
        last = past[-1]
        current = revisions[last.revision]
        there = [r for r in revisions.values() if r is current or self.gone_at.get(r.name, moment) >= moment]
        serving = self.serving(moment) or frozenset()
        least = min((r.number for r in there if r.name in serving), default=None)
        history = without_completion_after(tuple(sorted(there, key=lambda r: r.number)), least)
        current = next(r for r in history if r.name == last.revision)
        return Workload(
            ref=self.ref,
            uid=str(self.ref),
            generation=len(past),
            labels={names.MODE_LABEL: Mode.ENABLED.value},
            annotations={},
            template_hash=last.revision,
            revisions=history,
            current=current,
            rollout_began=last.began,
            rollout_complete=True,
            paused=False,
        )


def in_order(rollouts: Iterable[Rollout]) -> tuple[Rollout, ...]:
    """Rollouts by time, without those that change nothing."""
    found: list[Rollout] = []
    for rollout in sorted(rollouts, key=lambda one: (one.began.latest, one.began.earliest)):
        if not found or found[-1].revision != rollout.revision:
            found.append(rollout)
    return tuple(found)
