"""What became of an object, told where its owner looks: a condition, an Event where there is no status, a log line."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from receiver.cluster.api import Api, ApiError, object_path
from receiver.cluster.events import TELL_AGAIN, tell
from receiver.logs import log
from sync.objects import OBJECTIVE, RuleObject
from sync.outcome import Outcome

CONDITION = "Loaded"
LONGEST_MESSAGE = 8192
WRITE_AGAIN = timedelta(minutes=1)
"""So often at the most is a condition written without news: two processes that see different things don't race."""


@dataclass(slots=True)
class _Told:
    outcome: Outcome
    condition_at: datetime | None = None
    event_at: datetime | None = None


class Reporter:
    """Tells of every object once per change. What it remembers is only what need not be told again."""

    def __init__(self, api: Api, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._api = api
        self._clock = clock
        self._told: dict[str, _Told] = {}

    def report(self, outcomes: Iterable[tuple[RuleObject, Outcome]]) -> None:
        """Tell what became of all objects; of those that are not among them nothing is remembered."""
        told: dict[str, _Told] = {}
        for one, outcome in outcomes:
            before = self._told.get(one.uid)
            is_news = before is None or before.outcome != outcome
            now = told[one.uid] = _Told(
                outcome, before.condition_at if before else None, before.event_at if before else None
            )
            if is_news:
                _log(one, outcome)
            if one.kind is OBJECTIVE:
                self._write_condition(one, now, is_news=is_news)
            else:
                self._write_event(one, now, was_rejection=before is not None and before.outcome.is_rejection)
        self._told = told

    def _write_condition(self, one: RuleObject, told: _Told, *, is_news: bool) -> None:
        now = self._clock()
        wanted = condition(one, told.outcome, now)
        shown = next((each for each in one.conditions if each.get("type") == CONDITION), None)
        if shown is not None and all(shown.get(key) == value for key, value in wanted.items()):
            return
        if not is_news and told.condition_at is not None and now - told.condition_at < WRITE_AGAIN:
            return
        told.condition_at = now
        others = [dict(each) for each in one.conditions if each.get("type") != CONDITION]
        path = object_path(one.kind.api_version, one.kind.plural, one.namespace, one.name, "status")
        body = {"metadata": {"uid": one.uid}, "status": {"conditions": [*others, wanted]}}
        try:
            self._api.merge_patch(path, body)
        except ApiError as error:
            if error.status not in (404, 409):  # It is gone, or another one of its name.
                log("condition not written", level=logging.WARNING, object=str(one), error=str(error))

    def _write_event(self, one: RuleObject, told: _Told, *, was_rejection: bool) -> None:
        now, outcome = self._clock(), told.outcome
        is_news = self._told.get(one.uid) is None or self._told[one.uid].outcome != outcome
        is_due = is_news or told.event_at is None or now - told.event_at >= TELL_AGAIN
        if not (is_due if outcome.is_rejection else was_rejection):
            return
        told.event_at = now
        regarding = {
            "apiVersion": one.kind.api_version,
            "kind": one.kind.kind,
            "namespace": one.namespace,
            "name": one.name,
            "uid": one.uid,
        }
        tell(
            self._api,
            regarding,
            reason=outcome.reason,
            message=outcome.message,
            now=now,
            warning=outcome.is_rejection,
            controller="rules-sync",
            action="Sync",
        )


def condition(one: RuleObject, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """The condition `Loaded` of an object: since when it is so stands as long as its status does."""
    shown = next((each for each in one.conditions if each.get("type") == CONDITION), {})
    since = shown.get("lastTransitionTime") if shown.get("status") == outcome.state else None
    return {
        "type": CONDITION,
        "status": str(outcome.state),
        "reason": outcome.reason,
        "message": outcome.message[:LONGEST_MESSAGE],
        "observedGeneration": one.generation,
        "lastTransitionTime": since or now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _log(one: RuleObject, outcome: Outcome) -> None:
    log(
        "rules rejected" if outcome.is_rejection else "rules synced",
        level=logging.WARNING if outcome.is_rejection else logging.INFO,
        object=str(one),
        generation=one.generation,
        loaded=str(outcome.state),
        reason=outcome.reason,
        detail=outcome.message,
    )
