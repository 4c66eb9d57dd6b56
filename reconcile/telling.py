"""What became of a workload's rules, told on it: by an Event, once per change, and again before that is gone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from receiver.cluster.api import Api
from receiver.cluster.events import MESSAGE_LENGTH, TELL_AGAIN, tell
from receiver.logs import log
from reconcile.workload import Workload

WRITTEN = "RuleWritten"
INVALID = "InvalidRule"
NAME_TAKEN = "RuleNameTaken"
REFUSED = "RuleRefused"
REASONS = (WRITTEN, INVALID, NAME_TAKEN, REFUSED)


@dataclass(frozen=True, slots=True)
class _Told:
    reason: str
    message: str
    at: datetime


class Teller:
    """What it remembers is only what need not be told again."""

    def __init__(self, api: Api, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._clock = clock
        self._told: dict[str, _Told] = {}

    def tell(self, workload: Workload, reason: str, message: str) -> None:
        """Tell it, unless it was told lately. What is wrong is told again for as long as it lasts."""
        now, text = self._clock(), _cut(message)
        before = self._told.get(workload.uid)
        if before and (before.reason, before.message) == (reason, text) and now - before.at < TELL_AGAIN:
            return
        self._told[workload.uid] = _Told(reason, text, now)
        warning = reason != WRITTEN
        level = logging.WARNING if warning else logging.INFO
        log("rule of a workload", level=level, workload=str(workload), reason=reason, detail=message)
        tell(
            self._api,
            workload.reference,
            reason=reason,
            message=text,
            now=now,
            warning=warning,
            controller="rules-reconcile",
            action="Reconcile",
        )

    def forget_others(self, uids: Collection[str]) -> None:
        """Nothing is remembered of workloads that are not among these."""
        self._told = {uid: told for uid, told in self._told.items() if uid in uids}


def _cut(message: str) -> str:
    return message if len(message) <= MESSAGE_LENGTH else message[: MESSAGE_LENGTH - 1] + "…"
